/** LiteRT.js on WASM as an engine: the 8-bit network of the Python app, to the bit. */

import { type CompiledModel, loadAndCompile, loadLiteRt, Tensor } from '@litertjs/core'
import createModule from '@litertjs/core/wasm/litert_wasm_compat_internal.js'
import wasm from '@litertjs/core/wasm/litert_wasm_compat_internal.wasm?url'

import { featureGrids } from './anchors'
import { type Bundle, loadFile } from './bundle'
import type { Runtime } from './runtime'
import { withShape } from './tflite'

const COMPILED = 4 // input sizes kept ready; each holds its own activations

let started: Promise<void> | null = null

/**
 * The networks of `bundle` on LiteRT.js.
 *
 * @throws BundleError a file is missing or damaged; Error WebAssembly does not work here.
 */
export async function openLiteRt(bundle: Bundle): Promise<Runtime> {
  const { detector, embedder } = bundle.description
  if (!detector.litert) throw new Error('this bundle has no LiteRT model')
  started ??= start(bundle).catch((error: unknown) => {
    started = null
    throw error
  })
  const [file] = await Promise.all([loadFile(bundle, detector.litert), started])
  const { config } = detector
  const network = new Sizes(file)
  let embedding: Sizes | null = null
  await network.at([1, 32, 32, 3], () => [1, anchorsOf(bundle, 32, 32)]) // whether it runs here at all
  return {
    engine: 'litert',
    async detect({ data, height, width }) {
      const anchors = anchorsOf(bundle, height, width)
      const model = await network.at([1, height, width, 3], () => [1, anchors])
      const found = await run(model, data, [1, height, width, 3])
      const columns = config.labels.length + (config.background ? 1 : 0)
      return { classLogits: pick(found, 'class_logits', columns), boxCodes: pick(found, 'box_codes', 4) }
    },
    async embed(pictures, count) {
      if (!embedder?.litert) throw new Error('this bundle has no LiteRT embedder')
      embedding ??= new Sizes(await loadFile(bundle, embedder.litert))
      const shape = [count, embedder.size, embedder.size, 3]
      const found = await run(await embedding.at(shape, () => [count]), pictures, shape)
      return Object.values(found)[0]
    },
    memory() {
      return { tensors: Tensors.alive, bytes: network.bytes + (embedding?.bytes ?? 0) }
    },
    dispose() {
      network.dispose()
      embedding?.dispose()
    },
  }
}

/** How many anchors the model has for an input of this size. */
function anchorsOf(bundle: Bundle, height: number, width: number): number {
  const { config } = bundle.description.detector
  return featureGrids(config, height, width).reduce(
    (sum, [rows, columns], level) => sum + rows * columns * config.anchors.sizes[level].length,
    0,
  )
}

/** A model compiled for each size that is asked for: LiteRT.js cannot change that of a compiled one. */
class Sizes {
  private readonly models = new Map<string, CompiledModel>()

  constructor(private readonly file: Uint8Array) {}

  /** The model for inputs of `shape`; `outputs` gives all dimensions of its outputs but the last. */
  async at(shape: number[], outputs: () => number[]): Promise<CompiledModel> {
    const key = shape.join(' ')
    const known = this.models.get(key)
    if (known) {
      this.models.delete(key) // and put last again: the one used longest ago goes first
      this.models.set(key, known)
      return known
    }
    for (const [oldest, model] of this.models) {
      if (this.models.size < COMPILED) break
      this.models.delete(oldest)
      model.delete()
    }
    const content = withShape(this.file, shape, (last) => [...outputs(), last])
    const model = await loadAndCompile(content, { accelerator: 'wasm' })
    this.models.set(key, model)
    return model
  }

  /** Of the models' files; activations are not told. */
  get bytes(): number {
    return this.models.size * this.file.length
  }

  dispose(): void {
    for (const model of this.models.values()) model.delete()
    this.models.clear()
  }
}

/** Counts tensors, which are freed by hand. */
const Tensors = { alive: 0 }

async function run(model: CompiledModel, data: Float32Array, shape: number[]): Promise<Record<string, Float32Array>> {
  const { name } = model.getInputDetails()[0]
  const input = new Tensor(data, shape)
  Tensors.alive++
  let outputs: Record<string, Tensor> = {}
  try {
    outputs = await model.run({ [name]: input })
    Tensors.alive += Object.keys(outputs).length
    return Object.fromEntries(
      Object.entries(outputs).map(([key, output]) => [key, Float32Array.from(output.toTypedArray() as Float32Array)]),
    )
  } finally {
    for (const each of [input, ...Object.values(outputs)]) {
      each.delete()
      Tensors.alive--
    }
  }
}

function pick(found: Record<string, Float32Array>, name: string, columns: number): Float32Array {
  const value = found[name]
  if (!value || value.length % columns) throw new Error(`the LiteRT model has no output ${name} of ${columns} columns`)
  return value
}

/**
 * Load the runtime.
 *
 * LiteRT.js looks for its script by address and runs it by `importScripts`, which a module worker does not
 * have: the bundled script is put in its place. Without a GPU it needs none, and asks for none.
 */
async function start(bundle: Bundle): Promise<void> {
  const scope = globalThis as unknown as {
    importScripts?: unknown
    ModuleFactory?: unknown
    Module?: unknown
  }
  const address = new URL(wasm, import.meta.url).href
  const name = address.replace(bundle.base.href, '')
  // Most of what a first start waits for. Where nobody is told of that, it is compiled as it comes instead.
  const counted = bundle.onBytes && name in bundle.description.files
  const wasmBinary = counted ? await loadFile(bundle, name).catch(() => undefined) : undefined
  const { importScripts } = scope
  scope.importScripts = () => {
    scope.ModuleFactory = createModule
  }
  scope.Module = {
    locateFile: () => address,
    wasmBinary,
    print: () => {},
    printErr: () => {},
  }
  const gpu = hideGpu()
  try {
    await loadLiteRt('litert.js')
  } finally {
    scope.importScripts = importScripts
    gpu.show()
  }
}

/** Have `navigator.gpu` give no device for a moment: one that is not used still costs memory. */
function hideGpu(): { show(): void } {
  const adapter = { limits: {}, features: new Set(), requestDevice: async () => null }
  Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: async () => adapter }, configurable: true })
  return { show: () => delete (navigator as { gpu?: unknown }).gpu }
}
