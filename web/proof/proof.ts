/**
 * Runs an exported model in this JavaScript runtime, for `skushare export` to compare with Python.
 *
 * The exporter serves the model, the inputs and `job.json`, and takes the outputs back; so the same file runs
 * in a browser's page and in Node.
 */
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { loadGraphModel } from '@tensorflow/tfjs-converter'
import { dispose, env, getBackend, ready, setBackend, type Tensor, tensor, version_core } from '@tensorflow/tfjs-core'

interface Job {
  wasm: string
  models: {
    name: string
    address: string
    input: string
    outputs: Record<string, string> // tensors by the name that they are sent back under
    batches: { file: string; shape: number[] }[] // little-endian float32
  }[]
  repeats: number
}

async function run(base: URL): Promise<void> {
  const job: Job = await (await fetch(new URL('job.json', base))).json()
  setWasmPaths(new URL(job.wasm, base).href, true)
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false) // Node has no Worker of the web's kind
  if (!(await setBackend('wasm'))) throw new Error('WebAssembly cannot be used')
  await ready()
  const milliseconds: Record<string, number[]> = {}
  for (const { name, address, input, outputs, batches } of job.models) {
    const model = await loadGraphModel(new URL(address, base).href)
    milliseconds[name] = []
    for (const [number, { file, shape }] of batches.entries()) {
      const bytes = await (await fetch(new URL(file, base))).arrayBuffer()
      const x = tensor(new Float32Array(bytes), shape)
      for (let turn = 0; turn < job.repeats; turn++) {
        const start = performance.now()
        const results = model.execute({ [input]: x }, Object.values(outputs)) as Tensor | Tensor[]
        const list = Array.isArray(results) ? results : [results]
        const values = await Promise.all(list.map((result) => result.data()))
        if (turn === job.repeats - 1) {
          milliseconds[name].push(performance.now() - start)
          for (const [index, output] of Object.keys(outputs).entries())
            await send(base, `result/${name}/${number}/${output}`, Float32Array.from(values[index]!))
        }
        dispose(list)
      }
      dispose(x)
    }
    model.dispose()
  }
  await send(base, 'done', JSON.stringify({ backend: getBackend(), tfjs: version_core, milliseconds }))
}

async function send(base: URL, path: string, body: string | Float32Array<ArrayBuffer>): Promise<void> {
  const answer = await fetch(new URL(path, base), { method: 'POST', body })
  if (!answer.ok) throw new Error(`${path}: the exporter answered ${answer.status}`)
}

const base = new URL('./', document.baseURI)
run(base).catch((error: unknown) =>
  send(base, 'failed', error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
)
