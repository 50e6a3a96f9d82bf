/** TensorFlow.js as an engine: the exported graphs on WebGPU, WebGL or WASM. */

import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter'
import { backend, dispose, env, io, memory, ready, setBackend, type Tensor, tensor } from '@tensorflow/tfjs-core'

import type { Engine } from './auditor'
import { type Bundle, loadFile } from './bundle'
import type { OnLost, Runtime } from './runtime'

const LONGEST_START = 30_000 // milliseconds

/**
 * The networks of `bundle` on `engine`.
 *
 * @throws BundleError a file is missing or damaged; Error the engine does not work here.
 */
export async function openTensorFlow(
  engine: Exclude<Engine, 'litert'>,
  bundle: Bundle,
  onLost: OnLost,
): Promise<Runtime> {
  await registerBackend(engine)
  // A thread that fails to start lets everything wait for ever.
  const late = new Promise<never>((_, reject) => setTimeout(reject, LONGEST_START, new Error(`${engine} does not start`)))
  if (!(await Promise.race([setBackend(engine), late]))) throw new Error(`${engine} cannot be used here`)
  await ready()
  const stopListening = listen(engine, onLost)
  const { detector, embedder } = bundle.description
  const network = await loadModel(bundle, detector.tfjs)
  let embedding: GraphModel | null = null
  const { class_logits, box_codes } = detector.outputs
  return {
    engine,
    async detect({ data, height, width }) {
      const input = { [detector.inputs.image]: tensor(data, [1, height, width, 3]) }
      const [classLogits, boxCodes] = await run(network, input, [class_logits, box_codes])
      return { classLogits, boxCodes }
    },
    async embed(pictures, count) {
      if (!embedder) throw new Error('this bundle has no embedder')
      embedding ??= await loadModel(bundle, embedder.tfjs)
      const { size } = embedder
      const [vectors] = await run(embedding, { [embedder.input]: tensor(pictures, [count, size, size, 3]) }, [
        embedder.output,
      ])
      return vectors
    },
    memory() {
      const { numTensors, numBytes } = memory()
      return { tensors: numTensors, bytes: numBytes }
    },
    dispose() {
      stopListening()
      network.dispose()
      embedding?.dispose()
    },
  }
}

/** The values of `outputs`; all tensors, the input too, are gone afterwards, whatever happens. */
async function run(
  model: GraphModel,
  input: Record<string, Tensor>,
  outputs: string[],
): Promise<Float32Array[]> {
  let results: Tensor[] = []
  try {
    const found = model.execute(input, outputs) as Tensor | Tensor[]
    results = Array.isArray(found) ? found : [found]
    // A copy: on WASM the data lies in memory that the next run writes to.
    return await Promise.all(results.map(async (result) => Float32Array.from(await result.data())))
  } finally {
    dispose(input)
    dispose(results)
  }
}

async function registerBackend(engine: Exclude<Engine, 'litert'>): Promise<void> {
  if (engine === 'webgl') {
    await import('@tensorflow/tfjs-backend-webgl')
  } else if (engine === 'webgpu') {
    const adapter = await (navigator as { gpu?: GPU }).gpu?.requestAdapter()
    if (!adapter) throw new Error('no GPU that WebGPU can use')
    await import('@tensorflow/tfjs-backend-webgpu')
  } else {
    const [{ setWasmPaths }, plain, simd, threaded] = await Promise.all([
      import('@tensorflow/tfjs-backend-wasm'),
      import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'),
      import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'),
      import('@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'),
    ])
    env().set('WASM_HAS_MULTITHREAD_SUPPORT', globalThis.crossOriginIsolated === true)
    setWasmPaths({
      'tfjs-backend-wasm.wasm': plain.default,
      'tfjs-backend-wasm-simd.wasm': simd.default,
      'tfjs-backend-wasm-threaded-simd.wasm': threaded.default,
    })
  }
}

/** A graph model whose files are checked before they are used. */
async function loadModel(bundle: Bundle, path: string): Promise<GraphModel> {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  return loadGraphModel({
    load: async () => {
      const json = JSON.parse(new TextDecoder().decode(await loadFile(bundle, path))) as io.ModelJSON
      return io.getModelArtifactsForJSON(json, async (manifest) => {
        const shards = manifest.flatMap((group) => group.paths)
        const loaded = await Promise.all(shards.map((shard) => loadFile(bundle, folder + shard)))
        return [manifest.flatMap((group) => group.weights), loaded.map((bytes) => bytes.buffer)]
      })
    },
  })
}

/** Have `onLost` called when the GPU goes away; returns what ends it. */
function listen(engine: Engine, onLost: OnLost): () => void {
  let listening = true
  const lost = (detail: string) => {
    if (listening) onLost(detail)
  }
  if (engine === 'webgl') {
    const { gpgpu } = backend() as unknown as { gpgpu: { gl: WebGLRenderingContext } }
    const canvas = gpgpu.gl.canvas as EventTarget
    const tell = () => lost('WebGL was lost')
    canvas.addEventListener('webglcontextlost', tell)
    return () => {
      listening = false
      canvas.removeEventListener('webglcontextlost', tell)
    }
  }
  if (engine === 'webgpu') {
    const { device } = backend() as unknown as { device: GPUDevice }
    void device.lost.then(({ message }) => lost(message || 'WebGPU was lost'))
  }
  return () => {
    listening = false
  }
}
