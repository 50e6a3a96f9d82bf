// Puts the build of this project (dist/) into the bundle that the project lies in, with the model that is there.
// It does what skushare.export.bundle.finish() does where there is Python.
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PLACEHOLDER = 'self.__SKUSHARE_FILES__'
const CONTENT = ['model', 'gallery', 'golden'] // what is not of the app
const ASIDE = ['project', 'golden', 'node_modules']
const ASIDE_FILES = [
  'sw.js',
  'bundle.json',
  'README.md',
  'LICENSE',
  'NOTICE',
  'MODEL_CARD.md',
  'MODEL_CARD.embedder.md',
  'package.json',
  'package-lock.json',
  'licenses.txt',
  'report.json',
  'report.md',
  '_headers', // which hosts read and do not serve
  '_redirects',
  'CNAME',
]

const project = dirname(fileURLToPath(import.meta.url))
const bundle = dirname(project)
const description = JSON.parse(readFileSync(join(bundle, 'bundle.json'), 'utf8'))
if (!existsSync(join(project, 'dist', 'index.html'))) throw new Error('there is no build: npm run build makes it')
const worker = readFileSync(join(project, 'dist', 'sw.js'), 'utf8')
if (worker.split(PLACEHOLDER).length !== 2) throw new Error(`sw.js must name ${PLACEHOLDER} once`)

for (const name of Object.keys(description.files))
  if (!CONTENT.includes(name.split('/')[0])) rmSync(join(bundle, name), { force: true })
cpSync(join(project, 'dist'), bundle, { recursive: true })

const digest = (content) => createHash('sha256').update(content).digest('hex')
const files = {}
for (const name of names('').sort()) {
  const content = readFileSync(join(bundle, name))
  files[name] = { sha256: digest(content), bytes: content.length }
}
const lines = Object.entries(files).map(([name, { sha256 }]) => `${name} ${sha256}`)
Object.assign(description, { version: digest(lines.join('\n')).slice(0, 16), files })
writeFileSync(join(bundle, 'bundle.json'), JSON.stringify(description, null, 1))

const list = Object.entries(files).map(([url, { sha256 }]) => ({ url, revision: sha256 }))
list.push({ url: 'bundle.json', revision: digest(readFileSync(join(bundle, 'bundle.json'))) })
writeFileSync(
  join(bundle, 'sw.js'),
  worker.replace(PLACEHOLDER, () => JSON.stringify(list)),
)
console.log(`${list.length} files, version ${description.version}`)

function names(folder) {
  return readdirSync(join(bundle, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = folder + entry.name
    if (entry.name.startsWith('.')) return []
    if (folder === '' && (ASIDE.includes(entry.name) || ASIDE_FILES.includes(entry.name))) return []
    return entry.isDirectory() ? names(`${name}/`) : [name]
  })
}
