import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { Auditor, type Engine, type Loaded, type Notice } from '../../src/core/auditor'
import type { Bundle } from '../../src/core/bundle'
import { detectorAnchors } from '../../src/core/anchors'
import type { Reply, Task } from '../../src/core/messages'
import type { Input } from '../../src/core/preprocess'
import { until } from '../until'
import { vectors } from './vectors'

const { config } = vectors('photos')

/** What each engine does when it is opened and run; changed by the tests. */
interface Behaviour {
  open?: Error
  run?: () => Error | null | Promise<never>
  runs: number
  alive: number
  seen?: Float32Array // the input of the last run
  lose?: () => void
}

const engines: Record<Engine, Behaviour> = {} as never

vi.mock('../../src/core/runtime', () => ({
  possibleEngines: () => ['litert', 'wasm', 'webgl'],
  openRuntime: async (engine: Engine, bundle: Bundle, onLost: (detail: string) => void) => {
    bundle.onBytes?.(0, 300)
    bundle.onBytes?.(200, 0)
    const behaviour = engines[engine]
    if (behaviour.open) throw behaviour.open
    behaviour.alive++
    behaviour.lose = () => onLost('WebGL was lost')
    return {
      engine,
      detect: async (input: Input) => {
        behaviour.runs++
        behaviour.seen = input.data
        const error = await behaviour.run?.()
        if (error) throw error
        const anchors = detectorAnchors(config, input.height, input.width).length / 4
        const classLogits = new Float32Array(anchors).fill(-9)
        classLogits[anchors >> 1] = 3 // one facing
        return { classLogits, boxCodes: new Float32Array(4 * anchors) }
      },
      embed: async (_: Float32Array, count: number) => {
        const out = new Float32Array(2 * count)
        for (let i = 0; i < count; i++) out[2 * i] = 1
        return out
      },
      memory: () => ({ tensors: 7, bytes: 70 }),
      dispose: () => behaviour.alive--,
    }
  },
}))

/** Keeps what was drawn last, as a canvas does; pictures are of one shade of grey, or transparent without one. */
class Canvas {
  private shade = 0
  constructor(
    public width: number,
    public height: number,
  ) {}
  getContext() {
    const { width, height } = this
    return {
      fillStyle: '',
      fillRect: () => (this.shade = 255),
      drawImage: (picture: { shade?: number }) => (this.shade = picture.shade ?? this.shade),
      getImageData: () => ({ data: new Uint8ClampedArray(4 * width * height).fill(this.shade) }),
    }
  }
}

/** Joins the handle of the page to the worker's module, which runs in the same thread here. */
class Thread {
  onmessage: ((event: { data: Reply }) => void) | null = null
  onerror = null
  private receive: (event: { data: Task }) => void
  constructor() {
    this.receive = globalThis.onmessage as never
    vi.stubGlobal('postMessage', (data: Reply) => queueMicrotask(() => this.onmessage?.({ data })))
  }
  postMessage(data: Task) {
    setTimeout(() => this.receive({ data }), 0)
  }
  terminate() {}
}

const bundle = {
  base: new URL('http://localhost/'),
  description: {
    detector: { tfjs: 'm.json', config },
    embedder: { size: 8, dimensions: 2, scale: 20, middle: 0.5, likeness: 0.5 },
    files: {},
  },
} as unknown as Bundle

let notices: Notice[] = []
const closed: unknown[] = []

function frame(width = 160, height = 120, shade: number | undefined = 0): ImageBitmap {
  return { width, height, shade, close: () => closed.push(0) } as unknown as ImageBitmap
}

const transparent = (): ImageBitmap => ({ ...frame(), shade: undefined }) as ImageBitmap

const start = (engine?: Engine) => Auditor.start(bundle, { engine, onNotice: (notice) => notices.push(notice) })

beforeEach(async () => {
  notices = []
  closed.length = 0
  for (const engine of ['litert', 'wasm', 'webgl', 'webgpu'] as const) engines[engine] = { runs: 0, alive: 0 }
  vi.stubGlobal('OffscreenCanvas', Canvas)
  vi.resetModules()
  vi.stubGlobal('onmessage', null)
  vi.stubGlobal('postMessage', () => {})
  await import('../../src/core/worker')
  vi.stubGlobal('Worker', Thread)
})

afterEach(() => vi.unstubAllGlobals())

describe('the worker', () => {
  test('tells how much of the files has come, where that is asked for', async () => {
    engines.litert.open = new Error('refused')
    const loaded: Loaded[] = []
    await Auditor.start(bundle, { engine: 'litert', onLoading: (now) => loaded.push(now) })
    expect(loaded.at(0)).toEqual({ came: 0, wanted: 300 })
    expect(loaded.at(-1)).toEqual({ came: 400, wanted: 600 }) // another engine has files of its own
  })

  test('finds facings in live frames and photos, with rows', async () => {
    const auditor = await start()
    expect([auditor.engine, auditor.size]).toEqual(['litert', config.live_size])
    const found = (await auditor.offer(frame(), { brands: false, sweep: false }))!
    expect([found.detections.count, found.width, found.height]).toEqual([1, 160, 120])
    expect([...found.detections.rowIds!]).toEqual([0])
    const photo = await auditor.detect(frame(), { brands: false, minScore: 0.2 }) // seen in one view of three
    expect(photo.detections.count).toBeGreaterThan(0)
    expect(closed.length).toBe(2)
    expect(await auditor.memory()).toEqual({ tensors: 7, bytes: 70 })
  })

  test('boxes are in pixels of a picture that was too large to read as it is', async () => {
    const auditor = await start()
    const found = (await auditor.offer(frame(3840, 2160), { brands: false, sweep: false }))!
    const small = (await auditor.offer(frame(1920, 1080), { brands: false, sweep: false }))!
    found.detections.boxes.forEach((value, k) => expect(value).toBeCloseTo(2 * small.detections.boxes[k], 2))
  })

  test('a transparent picture lies on white, not on the one before', async () => {
    const auditor = await start()
    const seen = []
    for (const picture of [frame(160, 120, 255), frame(160, 120, 40), transparent()]) {
      await auditor.offer(picture, { brands: false, sweep: false })
      seen.push(engines.litert.seen)
    }
    expect(seen[2]).toEqual(seen[0])
    expect(seen[2]).not.toEqual(seen[1])
  })

  test('names facings by a gallery, and embeds them', async () => {
    const auditor = await start()
    expect([...(await auditor.embed(frame(), Float32Array.of(0, 0, 9, 9, 5, 5, 20, 20)))]).toEqual([1, 0, 1, 0])
    const gallery = {
      matcherData: () => ({
        dimensions: 2, middle: 0.5, scale: 20, threshold: 0.5,
        skus: Int32Array.of(0), brandIds: Int32Array.of(3), prototypes: Float32Array.of(1, 0),
      }),
    } // prettier-ignore
    await auditor.setGallery(gallery as never)
    for (const found of [
      await auditor.offer(frame(), { brands: true, sweep: false }),
      await auditor.detect(frame(), { brands: true, minScore: 0.2 }),
    ])
      expect(new Set(found!.detections.brandIds)).toEqual(new Set([3]))
    await auditor.setGallery(null)
    expect((await auditor.offer(frame(), { brands: true, sweep: false }))!.detections.brandIds).toBeUndefined()
  })

  test('tells of a sweep, and begins it anew', async () => {
    const auditor = await start()
    const found = await auditor.offer(frame(), { brands: false, sweep: true })
    expect(found!.sweep).toMatchObject({ unique: 0, lost: true }) // a black picture has no place
    auditor.resetSweep()
    expect((await auditor.offer(frame(), { brands: false, sweep: false }))!.sweep).toBeUndefined()
  })
})

describe('newest frame wins', () => {
  test('of those that wait only the last is worked on, and all are closed', async () => {
    const auditor = await start()
    const offers = Array.from({ length: 5 }, () => auditor.offer(frame(), { brands: false, sweep: false }))
    expect(auditor.busy).toBe(true)
    const found = await Promise.all(offers)
    expect(found.map((each) => each !== null)).toEqual([true, false, false, false, true])
    expect(closed.length).toBe(5)
    expect(engines.litert.runs).toBe(2)
    expect(auditor.busy).toBe(false)
  })

  test('after stop nothing waits for ever', async () => {
    const auditor = await start()
    const first = auditor.offer(frame(), { brands: false, sweep: false })
    const second = auditor.offer(frame(), { brands: false, sweep: false })
    auditor.stop()
    await expect(first).rejects.toThrow('stopped')
    expect(await second).toBeNull()
    expect(auditor.offer(frame(), { brands: false, sweep: false })).toBeNull()
    await expect(auditor.detect(frame(), { brands: false })).rejects.toThrow('stopped')
  })
})

test('code that cannot be loaded ends the start; later errors are left to the worker', async () => {
  class Broken extends Thread {
    override postMessage() {
      const event = { message: '', preventDefault: () => {} }
      setTimeout(() => (this.onerror as unknown as (e: object) => void)(event), 0)
    }
  }
  vi.stubGlobal('Worker', Broken)
  await expect(start()).rejects.toThrow('could not be started')
})

describe('an engine that fails', () => {
  test('at the start is replaced by the next, with a notice', async () => {
    engines.webgl.open = new Error('no WebGL')
    const auditor = await start('webgl')
    expect(auditor.engine).toBe('litert')
    expect(notices).toEqual([{ code: 'engine-failed', detail: 'no WebGL', fallback: 'litert' }])
  })

  test.each([
    ['out of memory', 'out-of-memory'],
    ['Cannot enlarge memory arrays', 'out-of-memory'],
    ['WebGL context lost', 'context-lost'],
    ['something else', 'engine-failed'],
  ])('in the middle of a frame (%s): the frame is done by the next', async (message, code) => {
    const auditor = await start()
    engines.litert.run = () => new Error(message)
    const found = await auditor.offer(frame(), { brands: false, sweep: false })
    expect(found!.detections.count).toBe(1)
    expect(notices).toEqual([{ code, detail: `litert: ${message}`, fallback: 'wasm' }])
    expect(auditor.engine).toBe('wasm')
    expect(engines.litert.alive).toBe(0)
  })

  test('like all others says so, and works again when asked to', async () => {
    const auditor = await start()
    for (const engine of ['litert', 'wasm', 'webgl'] as const) engines[engine].run = () => new Error('broken')
    await expect(auditor.offer(frame(), { brands: false, sweep: false })).rejects.toThrow('broken')
    expect(notices.at(-1)!.fallback).toBeUndefined()
    engines.wasm.run = undefined
    await auditor.use('wasm')
    expect((await auditor.offer(frame(), { brands: false, sweep: false }))!.detections.count).toBe(1)
  })

  test('by itself is replaced before the next frame', async () => {
    const auditor = await start('webgl')
    engines.webgl.lose!()
    await until(() => expect(notices.length).toBe(1))
    expect(notices[0]).toMatchObject({ code: 'context-lost', fallback: 'litert' })
    expect(auditor.engine).toBe('litert')
  })

  test('by itself and in a frame at once is replaced once, and the frame is done', async () => {
    const auditor = await start('webgl')
    engines.webgl.run = () => {
      engines.webgl.lose!()
      return new Error('WebGL context lost')
    }
    const found = await auditor.offer(frame(), { brands: false, sweep: false })
    expect(found!.detections.count).toBe(1)
    expect(notices.length).toBe(1)
    expect([engines.webgl.alive, engines.litert.alive, engines.wasm.alive]).toEqual([0, 1, 0])
  })

  test('by itself, so that its frame never ends, is replaced, and the frame is done', async () => {
    const auditor = await start('webgl')
    engines.webgl.run = () => {
      setTimeout(() => engines.webgl.lose!())
      return new Promise<never>(() => {})
    }
    const found = await auditor.offer(frame(), { brands: false, sweep: false })
    expect(found!.detections.count).toBe(1)
    expect(notices.map(({ fallback }) => fallback)).toEqual(['litert'])
    expect(auditor.engine).toBe('litert')
  })

  test('when it is chosen leaves the present one in place, at its size', async () => {
    const auditor = await start()
    await auditor.use('litert', 320)
    engines.webgl.open = new Error('no WebGL')
    await expect(auditor.use('webgl', 640)).rejects.toThrow('no WebGL')
    expect([auditor.engine, auditor.size]).toEqual(['litert', 320])
    await auditor.use('litert')
    expect(auditor.size).toBe(320)
    expect((await auditor.offer(frame(), { brands: false, sweep: false }))!.detections.count).toBe(1)
  })

  test('for want of a file is no failure of the engine', async () => {
    const { BundleError } = await import('../../src/core/bundle') // the one of this test's worker
    engines.litert.open = new BundleError('corrupt', 'model/a.bin', 'x')
    await expect(start()).rejects.toMatchObject({ code: 'corrupt', file: 'model/a.bin', detail: 'x' })
  })
})

test('engines are measured one at a time, and the one before goes on', async () => {
  engines.webgl.open = new Error('no WebGL')
  const auditor = await start('wasm')
  const probes = await auditor.probe()
  expect(new Set(probes.map(({ engine }) => engine))).toEqual(new Set(['litert', 'wasm']))
  // These engines are quick: each is measured at every size up to the model's.
  const sizes = [320, 416, 640].filter((size) => size < config.live_size).concat(config.live_size)
  for (const engine of ['litert', 'wasm']) {
    expect(probes.filter((probe) => probe.engine === engine).map(({ size }) => size)).toEqual(sizes)
  }
  expect(probes.every(({ ms }) => ms > 0)).toBe(true)
  expect([engines.litert.alive, engines.wasm.alive]).toEqual([0, 1])
  expect(auditor.engine).toBe('wasm')
})

test('an engine that is lost while it is measured is left out', async () => {
  const auditor = await start('wasm')
  engines.webgl.run = () => {
    setTimeout(() => engines.webgl.lose!())
    return new Promise<never>(() => {})
  }
  const probes = await auditor.probe()
  expect(new Set(probes.map(({ engine }) => engine))).toEqual(new Set(['litert', 'wasm']))
})

test('where a file cannot be had while engines are measured, the one before goes on', async () => {
  const { BundleError } = await import('../../src/core/bundle') // the one of this test's worker
  const auditor = await start('wasm')
  engines.webgl.open = new BundleError('network', 'model/a.bin', 'x')
  await expect(auditor.probe()).rejects.toMatchObject({ code: 'network' })
  expect((await auditor.offer(frame(), { brands: false, sweep: false }))!.detections.count).toBe(1)
})

describe('what could not be loaded is loaded by a later frame', () => {
  const all = ['litert', 'wasm', 'webgl'] as const
  const find = (auditor: Auditor) => auditor.offer(frame(), { brands: false, sweep: false })!
  const failWith = (error?: Error) => all.forEach((engine) => (engines[engine].open = error))

  test.each([
    ['another engine is chosen', (auditor: Auditor) => auditor.use('webgl')],
    ['engines are measured', (auditor: Auditor) => auditor.probe()],
  ])('when the network is away while %s', async (_, act) => {
    const { BundleError } = await import('../../src/core/bundle') // the one of this test's worker
    const auditor = await start('wasm')
    failWith(new BundleError('network', 'model/a.bin', 'x'))
    await expect(act(auditor)).rejects.toMatchObject({ code: 'network' })
    await expect(find(auditor)).rejects.toMatchObject({ code: 'network' })
    failWith()
    expect((await find(auditor))!.detections.count).toBe(1)
    expect([auditor.engine, engines.wasm.alive, notices]).toEqual(['wasm', 1, []])
  })

  test.each([true, false])('when an engine fails meanwhile (a file of the bundle: %s)', async (ofBundle) => {
    const { BundleError } = await import('../../src/core/bundle')
    const auditor = await start('webgl')
    failWith(ofBundle ? new BundleError('network', 'model/a.bin', 'x') : new Error('no wasm file'))
    engines.webgl.run = () => new Error('WebGL context lost')
    await expect(find(auditor)).rejects.toThrow(ofBundle ? 'network' : 'context lost')
    await expect(find(auditor)).rejects.toThrow(ofBundle ? 'network' : 'no wasm file')
    failWith()
    expect((await find(auditor))!.detections.count).toBe(1)
    expect([auditor.engine, engines.webgl.runs]).toEqual(['litert', 1])
    expect(notices.at(-1)).toMatchObject({ fallback: 'litert' })
  })

  test('but an engine that failed at work is left alone', async () => {
    const auditor = await start()
    for (const engine of all) engines[engine].run = () => new Error('broken')
    await expect(find(auditor)).rejects.toThrow('broken')
    await expect(find(auditor)).rejects.toThrow('reload')
    expect(all.map((engine) => engines[engine].runs)).toEqual([1, 1, 1])
  })
})
