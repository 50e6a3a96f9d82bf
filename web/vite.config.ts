import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// The service worker keeps its name and place: it governs the folder that it lies in.
const serviceWorker: Record<string, string> = existsSync('src/sw.ts') ? { sw: 'src/sw.ts' } : {}

/** LiteRT.js' own script is written for `<script>`; with an export it can be part of the worker. */
const litertScript = {
  name: 'litert-script',
  transform: (code: string, id: string) =>
    id.split('?')[0].endsWith('/litert_wasm_compat_internal.js') ? `${code}\nexport default ModuleFactory\n` : null,
}

/**
 * TF.js hands the text of this script's function to its threads, where a name of outside it means nothing. As
 * published the function asks for `_scriptDir` by `typeof`, which does no harm; minified it does not ask.
 */
const threadedScript = {
  name: 'threaded-script',
  transform: (code: string, id: string) =>
    id.split('?')[0].endsWith('/tfjs-backend-wasm-threaded-simd.js')
      ? code.replace(/^ *(var _scriptDir =|if \(typeof __filename).*$/gm, '').replaceAll('_scriptDir', 'undefined')
      : null,
}

const sandboxes = ['.csb.app', '.app.github.dev'] // hosts of CodeSandbox and Codespaces, which vite refuses unnamed

export default defineConfig({
  server: { allowedHosts: sandboxes },
  preview: { allowedHosts: sandboxes },
  plugins: [litertScript, threadedScript],
  base: './', // works under any path, as on GitHub Pages
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // a Content-Security-Policy without data: addresses
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { main: 'index.html', ...serviceWorker },
      output: { entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js') },
    },
  },
  worker: { format: 'es', plugins: () => [litertScript, threadedScript] },
  test: { include: ['tests/**/*.test.ts'], testTimeout: 30_000 },
})
