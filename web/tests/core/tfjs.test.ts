import { env, findBackend, getBackend, KernelBackend, registerBackend, registerKernel } from '@tensorflow/tfjs-core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { Bundle } from '../../src/core/bundle'
import type { Runtime } from '../../src/core/runtime'
import { openTensorFlow } from '../../src/core/tfjs'

/** A GPU as TF.js sees it. */
class Gpu extends KernelBackend {
  static made: Gpu[] = []
  alive = true
  gpgpu = { gl: { canvas: new EventTarget() }, itemsToPoll: [{ isDoneFn: () => false }] }
  constructor() {
    super()
    Gpu.made.push(this)
  }
  override memory() {
    return { unreliable: false, numBytesInGPU: 10, numBytesInGPUAllocated: 50 }
  }
  override dispose() {
    this.alive = false
    if (broken) throw new Error('the GPU is gone')
  }
}

let broken = false
let load: () => Promise<object>
const model = { dispose: vi.fn() }
const bundle = { description: { detector: { tfjs: 'm.json', inputs: {}, outputs: {} } } } as unknown as Bundle
const opened: Runtime[] = []

async function open(onLost = (_: string): void => {}): Promise<Runtime> {
  const runtime = await openTensorFlow('webgl', bundle, onLost)
  opened.push(runtime)
  return runtime
}

vi.mock('@tensorflow/tfjs-converter', () => ({ loadGraphModel: () => load() }))
vi.mock('@tensorflow/tfjs-backend-webgl', () => {
  env().registerFlag('WEBGL_DELETE_TEXTURE_THRESHOLD', () => -1)
  registerBackend('webgl', () => new Gpu())
  return {}
})

const paths = vi.fn()
let held: unknown // what a kernel keeps of the WASM module
vi.mock('@tensorflow/tfjs-backend-wasm', () => {
  const wasm = { cwrap: () => 'a function of the module' }
  registerBackend('wasm', async () => {
    if (broken) throw new Error('no network')
    return Object.assign(new Gpu(), { wasm })
  })
  const setupFunc = (made: unknown) => (held = (made as { wasm: typeof wasm }).wasm.cwrap())
  registerKernel({ kernelName: 'Add', backendName: 'wasm', kernelFunc: () => [], setupFunc })
  return { setWasmPaths: (...given: unknown[]) => paths(...given) }
})

beforeEach(() => {
  broken = false
  Gpu.made.length = 0
  model.dispose.mockReset()
  load = async () => model
})

afterEach(() => {
  for (const runtime of opened.splice(0)) runtime.dispose()
})

test('an engine that is opened again has a new GPU, and the old one is given back', async () => {
  for (const turn of [1, 2, 3]) {
    const runtime = await open()
    expect([Gpu.made.length, Gpu.made.filter(({ alive }) => alive).length]).toEqual([turn, 1])
    expect(getBackend()).toBe('webgl')
    runtime.dispose()
    expect(model.dispose).toHaveBeenCalledTimes(turn)
  }
  expect(Gpu.made.some(({ alive }) => alive)).toBe(false)
})

test.each([
  ['GPU', () => (broken = true)],
  ['model', () => model.dispose.mockImplementation(() => { throw new Error('not there') })],
])('nor is a broken %s used again that cannot even be freed', async (_, breakIt) => {
  const runtime = await open()
  breakIt()
  try {
    runtime.dispose()
  } catch {
    // as the worker does
  }
  broken = false
  model.dispose.mockReset()
  await open()
  expect(findBackend('webgl')).toBe(Gpu.made[1])
  expect(Gpu.made[1].alive).toBe(true)
})

test('an engine whose model cannot be loaded keeps no GPU, and tells of no loss any more', async () => {
  const lost: string[] = []
  load = async () => { throw new Error('no network') }
  await expect(open((detail) => lost.push(detail))).rejects.toThrow('no network')
  expect(Gpu.made.map(({ alive }) => alive)).toEqual([false])
  Gpu.made[0].gpgpu.gl.canvas.dispatchEvent(new Event('webglcontextlost'))
  expect(lost).toEqual([])
  load = async () => model
  await open()
  expect(Gpu.made[1].alive).toBe(true)
})

test('WASM can be opened after a start without a network, and keeps nothing when it is closed', async () => {
  env().registerFlag('WASM_HAS_MULTITHREAD_SUPPORT', () => false)
  broken = true
  await expect(openTensorFlow('wasm', bundle, () => {})).rejects.toThrow('wasm cannot be used')
  broken = false
  const runtime = await openTensorFlow('wasm', bundle, () => {})
  expect(paths).toHaveBeenCalledTimes(1) // TF.js refuses them after a start that failed
  expect(held).toBe('a function of the module')
  runtime.dispose()
  expect([held, Gpu.made[0].alive]).toEqual([null, false])
})

test('a lost GPU is told of, and nothing waits for it any more', async () => {
  const lost: string[] = []
  await open((detail) => lost.push(detail))
  const [{ gpgpu }] = Gpu.made
  gpgpu.gl.canvas.dispatchEvent(new Event('webglcontextlost'))
  expect(lost).toEqual(['WebGL was lost'])
  expect(gpgpu.itemsToPoll.every(({ isDoneFn }) => isDoneFn())).toBe(true)
})

test('textures are kept up to a limit, and told of', async () => {
  const runtime = await open()
  expect(env().getNumber('WEBGL_DELETE_TEXTURE_THRESHOLD')).toBe(256e6)
  expect(runtime.memory().gpuBytes).toBe(50)
})
