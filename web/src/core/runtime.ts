/** What runs the networks, on one of several engines. */

import type { Engine } from './auditor'
import type { Bundle } from './bundle'
import type { Heads } from './postprocess'
import type { Input } from './preprocess'

export interface Memory {
  tensors: number
  bytes: number
  gpuBytes?: number // what is reserved on the GPU, where there is one
}

/** The networks of a bundle, ready on one engine. */
export interface Runtime {
  readonly engine: Engine
  detect(input: Input): Promise<Heads>
  /** Unit vectors of `count` pictures: RGB in 0..255, a square after the other. */
  embed(pictures: Float32Array, count: number): Promise<Float32Array>
  memory(): Memory
  dispose(): void
}

/** Called when an engine stops working by itself, as when the system takes the GPU away. */
export type OnLost = (detail: string) => void

/**
 * The networks of `bundle` on `engine`.
 *
 * Only the code and files of that engine are loaded.
 *
 * @throws BundleError a file is missing or damaged; Error the engine does not work here.
 */
export async function openRuntime(engine: Engine, bundle: Bundle, onLost: OnLost): Promise<Runtime> {
  if (engine === 'litert') return (await import('./litert')).openLiteRt(bundle)
  return (await import('./tfjs')).openTensorFlow(engine, bundle, onLost)
}

/** The engines that may work here with this bundle, the likely fastest on a phone's CPU first. */
export function possibleEngines(bundle: Bundle): Engine[] {
  const engines: Engine[] = []
  if (bundle.description.detector.litert && typeof WebAssembly === 'object') engines.push('litert')
  if (typeof WebAssembly === 'object') engines.push('wasm')
  if (typeof OffscreenCanvas === 'function') engines.push('webgl')
  if (typeof navigator === 'object' && 'gpu' in navigator) engines.push('webgpu')
  return engines
}
