import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { COMPETITORS, OWN, makeDetections } from '../../src/core'
import type { Auditor, EmbedderDescription, Found } from '../../src/core'
import { Live } from '../../src/ui/live'
import type { LiveOptions } from '../../src/ui/live'
import { until } from '../until'

let frame: () => void // brings the camera's next picture
const video = {
  readyState: 4,
  videoWidth: 640,
  requestVideoFrameCallback: (next: () => void) => void (frame = next),
} as unknown as HTMLVideoElement
const canvas = { getContext: () => null } as unknown as HTMLCanvasElement

/** A frame of two facings of these classes, both counted; `vectors` of them. */
function found(classes: number[], vectors?: Float32Array): Found {
  const detections = makeDetections([0, 0, 9, 9, 10, 0, 19, 9], [0.9, 0.9], classes)
  return { detections, width: 640, height: 480, timings: {} as Found['timings'], sweep: { unique: 2, facings: detections, vectors, lost: false } }
}

beforeEach(() => {
  vi.stubGlobal('document', { hidden: false })
  vi.stubGlobal('requestAnimationFrame', () => 0)
  vi.stubGlobal('createImageBitmap', async () => ({ close: () => {} }))
  vi.spyOn(performance, 'now').mockReturnValue(60_000) // a page that is some time old: numbers, chart and looks are due
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** A camera that has seen one frame; `vectors` of its facings. */
async function run(options: Partial<LiveOptions>, vectors?: Float32Array): Promise<{ live: Live; offer: ReturnType<typeof vi.fn>; makeLooks: ReturnType<typeof vi.fn> }> {
  const offer = vi.fn(async () => found(options.byLabel ? [0, 1] : [0, 0], vectors))
  const auditor = { busy: false, offer, resetSweep: () => {} } as unknown as Auditor
  const makeLooks = vi.fn(() => null)
  const live = new Live(video, canvas, () => ({ auditor, minScore: 0.3, labels: ['facing'], brands: null, byLabel: false, colors: {}, own: [], embedder: null, ...options }), makeLooks)
  live.start()
  await until(() => expect(live.reading.value?.unique).toBe(2))
  return { live, offer, makeLooks }
}

test('classes that are brands name the shares and the sweep, and no looks are founded', async () => {
  const labels = ['Acme', 'Zeta']
  const { live, makeLooks } = await run({ labels, brands: labels, byLabel: true })
  expect(live.shares.value.unique.map((row) => row.name)).toEqual(labels)
  expect(live.shares.value.inView.map((row) => row.name)).toEqual(labels)
  expect(live.shares.value.names).toEqual(labels)
  expect((await live.freeze()).sweep?.found.map((facing) => facing.brand)).toEqual(labels)
  expect(makeLooks).not.toHaveBeenCalled()
})

test('a single class is no brand, and looks are founded', async () => {
  const { live, makeLooks } = await run({})
  expect(live.shares.value.unique.map((row) => row.name)).toEqual(['facing'])
  expect((await live.freeze()).sweep?.found.map((facing) => facing.brand)).toEqual(['', ''])
  expect(makeLooks).toHaveBeenCalled()
})

test('a frozen sweep can be named anew: it has its unit vectors, and whose they are', async () => {
  const embedder = { digest: 'e', dimensions: 2 } as EmbedderDescription
  const { live } = await run({ embedder }, Float32Array.of(0, 4, 0, 0))
  expect((await live.freeze()).sweep?.seen).toEqual({ vectors: Float32Array.of(0, 1, 0, 0), embedder: 'e' })
})

test('of a camera that is gone the last frame is frozen, and nothing after it is looked at', async () => {
  vi.stubGlobal('createImageBitmap', async (of: { shows?: string }) => ({ shows: of.shows, close() {} }))
  const camera = video as unknown as { shows?: string; srcObject?: { active: boolean } }
  camera.shows = 'shelf'
  const { live, offer } = await run({})
  Object.assign(camera, { shows: 'nothing', srcObject: { active: false } })
  frame()
  const shown = async (): Promise<unknown> => (await live.freeze()).picture
  expect([await shown(), offer.mock.calls.length]).toEqual([expect.objectContaining({ shows: 'nothing' }), 1])
  live.ended = true
  expect(await live.freeze()).toMatchObject({ picture: { shows: 'shelf' }, sweep: { unique: 2 } })
  delete camera.srcObject
  delete camera.shows
})

test('of a camera that has given no picture yet none is frozen, and that is told in plain words', async () => {
  const live = new Live({ ...video, readyState: 1 } as HTMLVideoElement, canvas, () => null, () => null)
  await expect(live.freeze()).rejects.toThrow('the camera has given no picture yet')
})

test('a paused sweep stays as it is, and goes on', async () => {
  const { live, offer } = await run({})
  live.paused = true
  frame()
  await Promise.resolve()
  expect(offer).toHaveBeenCalledTimes(1)
  live.paused = false
  frame()
  await until(() => expect(offer).toHaveBeenCalledTimes(2))
})

test('own brands are shown against all others when asked, with the camera still, and only where there are any', async () => {
  const labels = ['Acme', 'Zeta']
  const names = (live: Live): string[] => live.shares.value.unique.map((row) => row.name).sort()
  const { live, offer } = await run({ labels, brands: labels, byLabel: true, own: ['Zeta'] })
  live.setAgainst(true)
  expect(live.shares.value.against).toBe(true)
  expect(names(live)).toEqual([COMPETITORS, OWN])
  expect(offer).toHaveBeenCalledTimes(1)
  live.setAgainst(false)
  expect(names(live)).toEqual(labels)

  const { live: other } = await run({ labels, brands: labels, byLabel: true })
  other.setAgainst(true)
  expect(other.shares.value.against).toBe(false)
  expect(names(other)).toEqual(labels)
})

test('a frame that was sent before counting began anew brings no old sweep back', async () => {
  let done: (found: Found) => void = () => {}
  const { live, offer } = await run({ brands: [] })
  offer.mockImplementationOnce(() => new Promise<Found>((resolve) => (done = resolve)))
  frame()
  await until(() => expect(offer).toHaveBeenCalledTimes(2))
  live.reset()
  expect(live.reading.value?.unique).toBe(0)
  done(found([0, 0]))
  await new Promise((resolve) => setTimeout(resolve))
  expect([live.reading.value?.unique, (await live.freeze()).sweep]).toEqual([0, null])
  frame()
  await until(() => expect(live.reading.value?.unique).toBe(2))
})

test('a camera that gives no new pictures is told while that lasts, but not where nobody looked', async () => {
  let screen = (): void => {} // shows its next picture
  vi.stubGlobal('requestAnimationFrame', (next: () => void) => void (screen = next))
  const { live } = await run({})
  let now = performance.now()
  const wait = (ms: number): boolean => {
    vi.mocked(performance.now).mockReturnValue((now += ms))
    screen()
    return live.stalled.value
  }
  wait(0)
  expect([wait(1000), wait(1000), wait(1000), wait(1000)]).toEqual([false, false, false, true])
  frame()
  expect(wait(100)).toBe(false)
  expect(wait(60_000)).toBe(false) // the page was hidden
  live.paused = true
  expect([1, 2, 3, 4].map(() => wait(1000))).toEqual([false, false, false, false])
})

test.each([100, 1000, 4000])('frames that come %i ms apart are told to be so many a second, and what is in view is newer than two seconds', async (apart) => {
  const { live, offer } = await run({})
  const before = found([0, 0])
  offer.mockImplementation(async () => found([0, 0]))
  for (let n = 1; n <= 30; n++) {
    if (n === 29) offer.mockImplementationOnce(async () => ({ ...before, detections: { ...before.detections, count: 1 } }))
    vi.mocked(performance.now).mockReturnValue(60_000 + n * apart)
    frame()
    await new Promise((resolve) => setTimeout(resolve))
  }
  expect(live.reading.value?.fps).toBeCloseTo(1000 / apart)
  expect(live.reading.value?.inView).toBe(2)
})
