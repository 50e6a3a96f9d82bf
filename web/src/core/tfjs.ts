/** TensorFlow.js as an engine: the exported graphs on WebGPU, WebGL or WASM. */

import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter'
import {
  backend,
  dispose,
  engine as tensorFlow,
  env,
  findBackendFactory,
  getKernelsForBackend,
  io,
  memory,
  ready,
  registerBackend,
  removeBackend,
  setBackend,
  type Tensor,
  tensor,
} from '@tensorflow/tfjs-core'

import type { Engine } from './auditor'
import { type Bundle, loadFile } from './bundle'
import type { OnLost, Runtime } from './runtime'

type TensorFlowEngine = Exclude<Engine, 'litert'>

const LONGEST_START = 30_000 // milliseconds
const KEPT_TEXTURES = 256e6 // bytes, those of frames of 640 pixels; beyond, none is kept for the next picture of its size
const NO_MODULE = { wasm: { cwrap: () => null } }

let wasmPathsSet = false // TF.js refuses them after a start that failed

/**
 * The networks of `bundle` on `engine`.
 *
 * @throws BundleError a file is missing or damaged; Error the engine does not work here.
 */
export async function openTensorFlow(
  engine: TensorFlowEngine,
  bundle: Bundle,
  onLost: OnLost,
): Promise<Runtime> {
  await load(engine)
  let stopListening = (): void => {}
  try {
    // A thread that fails to start lets everything wait for ever.
    const late = new Promise<never>((_, reject) => setTimeout(reject, LONGEST_START, new Error(`${engine} does not start`)))
    if (!(await Promise.race([setBackend(engine), late]))) throw new Error(`${engine} cannot be used here`)
    await ready()
    stopListening = listen(engine, onLost)
    const network = await loadModel(bundle, bundle.description.detector.tfjs)
    return runtimeOf(engine, bundle, network, stopListening)
  } catch (error) {
    stopListening()
    forget(engine)
    throw error
  }
}

function runtimeOf(engine: TensorFlowEngine, bundle: Bundle, network: GraphModel, stopListening: () => void): Runtime {
  const { detector, embedder } = bundle.description
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
      const { numTensors, numBytes, numBytesInGPUAllocated, numBytesAllocatedInGPU } = memory() as Held
      return { tensors: numTensors, bytes: numBytes, gpuBytes: numBytesInGPUAllocated ?? numBytesAllocatedInGPU }
    },
    dispose() {
      stopListening()
      try {
        network.dispose()
        embedding?.dispose()
      } finally {
        forget(engine)
      }
    },
  }
}

/** What TF.js tells of its memory: of the GPU's under a name of WebGL's or of WebGPU's, and on WASM nothing. */
interface Held {
  numTensors: number
  numBytes: number
  numBytesInGPUAllocated?: number
  numBytesAllocatedInGPU?: number
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

async function load(engine: TensorFlowEngine): Promise<void> {
  if (engine === 'webgl') {
    await import('@tensorflow/tfjs-backend-webgl')
    env().set('WEBGL_DELETE_TEXTURE_THRESHOLD', KEPT_TEXTURES)
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
    if (!wasmPathsSet) {
      setWasmPaths({
        'tfjs-backend-wasm.wasm': plain.default,
        'tfjs-backend-wasm-simd.wasm': simd.default,
        'tfjs-backend-wasm-threaded-simd.wasm': threaded.default,
      })
    }
    wasmPathsSet = true
  }
}

/**
 * Take the backend of `engine` away, and its memory with it; the next one is made anew, on a GPU that works.
 *
 * TF.js keeps a backend for ever, also one whose GPU is gone, and on that one waits without end.
 */
function forget(engine: TensorFlowEngine): void {
  const factory = findBackendFactory(engine)
  if (!factory) return // the browser lacks what it needs
  const { registry } = tensorFlow()
  const { device } = (registry[engine] ?? {}) as { device?: GPUDevice }
  try {
    removeBackend(engine)
  } catch {
    delete registry[engine] // what is broken may not even be freed
    removeBackend(engine)
  }
  device?.destroy()
  // The kernels of WASM keep functions of a module, and with them all its memory.
  if (engine === 'wasm') for (const { setupFunc } of getKernelsForBackend(engine)) setupFunc?.(NO_MODULE)
  registerBackend(engine, factory)
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

interface Gpgpu {
  gl: WebGLRenderingContext
  itemsToPoll: { isDoneFn: () => boolean }[]
}

/** Have `onLost` called when the GPU goes away; returns what ends it. */
function listen(engine: Engine, onLost: OnLost): () => void {
  let listening = true
  const lost = (detail: string) => {
    if (listening) onLost(detail)
  }
  if (engine === 'webgl') {
    const { gpgpu } = backend() as unknown as { gpgpu: Gpgpu }
    const canvas = gpgpu.gl.canvas as EventTarget
    const tell = () => {
      lost('WebGL was lost')
      // The fences of a lost context never pass, and TF.js would ask them for ever.
      for (const fence of gpgpu.itemsToPoll) fence.isDoneFn = () => true
    }
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
