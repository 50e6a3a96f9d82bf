/** The worker: runs the model, so that the page never waits. See `auditor.ts` for what it answers. */

import { type DetectOptions, type Engine, type Found, type Notice, type OfferOptions, PACE, type Probe } from './auditor'
import { type Bundle, BundleError } from './bundle'
import { Detector, type Spent } from './detector'
import type { Detections } from './detections'
import type { MatcherData } from './gallery'
import type { Reply, Request, Task } from './messages'
import { FrameNamer, named } from './naming'
import { median } from './numbers'
import { cropRaster, type Raster, resize } from './raster'
import { rowIdsOf } from './rows'
import { type Memory, openRuntime, possibleEngines, type Runtime } from './runtime'
import { ShelfTracker } from './tracking'

const BATCHES = [32, 8] // sizes of batch of the embedder: many facings at once, and few without waste
const LARGEST_FRAME = 1920 // pixels of the longer side of a live frame that is read
const LARGEST_PHOTO = 4096
const SLOW = 1200 // milliseconds a live frame, from which on the user is told
const PROBE_RUNS = 3
const PROBE_TIME = 2500 // milliseconds an engine and size may take before the rest is left out
const PROBE_SIZES = [320, 416, 640] // tried upwards while an engine is quick enough: a slow one shall not take long

/** What answers the page. */
class Shelf {
  private runtime: Runtime | null = null
  private last?: Engine // the engine that ran last, to come back to where none could be loaded
  private readonly detector: Detector
  private size: number
  private data: MatcherData | null = null
  private namer: FrameNamer | null = null
  private tracker = new ShelfTracker()
  private falling: Promise<void> = Promise.resolve() // the replacement of an engine that failed
  private readonly broken = new Set<Engine>() // engines that failed at work here
  private abandon: ((error: Error) => void) | null = null // ends the wait for an engine that is gone
  private recent: number[] = [] // milliseconds of the last live frames
  private toldSlow = false
  private canvas: OffscreenCanvas | null = null

  constructor(
    private readonly bundle: Bundle,
    size?: number,
  ) {
    const { config } = bundle.description.detector
    this.size = size ?? config.live_size
    this.detector = new Detector(config, (input) => this.guarded((runtime) => runtime.detect(input)))
  }

  /** Start `engine`, or where that does not work the first that does, but for those of `without`. */
  async open(engine?: Engine, without?: ReadonlySet<Engine>): Promise<{ engine: Engine; size: number }> {
    const order = possibleEngines(this.bundle)
    if (engine) order.unshift(engine)
    let failure: unknown = new Error(
      without ? 'no engine works here any more; reload the page' : 'this browser has neither WebAssembly nor a GPU',
    )
    for (const each of new Set(order)) {
      if (without?.has(each)) continue
      try {
        await this.start(each)
        if (engine && each !== engine) tell({ code: 'engine-failed', detail: reason(failure), fallback: each })
        return { engine: each, size: this.size }
      } catch (error) {
        if (error instanceof BundleError) throw error
        failure = error
      }
    }
    throw failure
  }

  async use(engine: Engine, size?: number): Promise<{ engine: Engine; size: number }> {
    await this.falling
    const present = this.runtime
    if (present?.engine !== engine) {
      // One at a time: two may be more than a phone has memory for.
      quietly(() => present?.dispose())
      this.runtime = null
      try {
        await this.start(engine)
        this.broken.delete(engine)
      } catch (error) {
        if (present) await this.start(present.engine)
        throw error
      }
    }
    this.size = size ?? this.size
    this.recent = []
    this.toldSlow = false
    return { engine, size: this.size }
  }

  async offer(frame: ImageBitmap | VideoFrame, options: OfferOptions): Promise<Found> {
    const started = performance.now()
    const spent = { prepare: 0, network: 0, decode: 0, brands: 0, track: 0 }
    const { raster, width, height } = this.read(frame, LARGEST_FRAME)
    spent.prepare = performance.now() - started
    const { minScore } = options
    let detections = await this.detector.detectLive(raster, { minScore, size: this.size }, spent)
    const { tracker, namer } = this // a sweep that begins anew meanwhile has others
    const track = <T>(work: () => T): T => {
      const start = performance.now()
      const out = work()
      spent.track += performance.now() - start
      return out
    }
    // Followed first: a track tells which facing of the frame before a facing is, however fast the camera moves.
    if (options.sweep) detections = track(() => tracker.update(raster, detections))
    if (options.brands && namer) detections = await this.nameFrame(namer, raster, detections, spent)
    let sweep: Found['sweep']
    if (options.sweep)
      sweep = track(() => {
        if (options.brands && namer) tracker.learn(detections, namer.vectors, namer.lookedAt)
        const facings = tracker.facings()
        const { embedder } = this.bundle.description
        const vectors = embedder ? tracker.vectors(embedder.dimensions) : undefined
        return { unique: facings.count, facings, vectors, lost: tracker.lost }
      })
    this.watchPace(performance.now() - started)
    return { detections: inPixels(withRows(detections, spent), raster, width), width, height, timings: spent, sweep }
  }

  async detect(picture: ImageBitmap, options: DetectOptions): Promise<Found> {
    const started = performance.now()
    const spent = { prepare: 0, network: 0, decode: 0, brands: 0, track: 0 }
    const { raster, width, height } = this.read(picture, LARGEST_PHOTO)
    spent.prepare = performance.now() - started
    let detections = await this.detector.detectPhoto(raster, { minScore: options.minScore }, spent)
    if (options.brands && this.data) {
      const start = performance.now()
      detections = named(detections, await this.embedBoxes(raster, detections.boxes), this.data)
      spent.brands = performance.now() - start
    }
    return { detections: inPixels(withRows(detections, spent), raster, width), width, height, timings: spent }
  }

  async embed(picture: ImageBitmap, boxes: Float32Array): Promise<Float32Array> {
    const { raster, width } = this.read(picture, LARGEST_PHOTO)
    const scale = raster.width / width
    return this.embedBoxes(raster, scale === 1 ? boxes : boxes.map((value) => value * scale))
  }

  setGallery(data: MatcherData | null): void {
    this.data = data
    // Facings keep their vectors.
    if (this.namer && data) this.namer.data = data
    else this.namer = data && new FrameNamer(data)
  }

  resetSweep(): void {
    this.tracker = new ShelfTracker()
    if (this.namer) this.namer = new FrameNamer(this.namer.data) // the tracks of which are others
  }

  memory(): Memory {
    return this.runtime?.memory() ?? { tensors: 0, bytes: 0 }
  }

  /** How long a live frame takes on each engine that works here. */
  async probe(): Promise<Probe[]> {
    await this.falling
    const before = this.last
    const probes: Probe[] = []
    quietly(() => this.runtime?.dispose())
    this.runtime = null
    const { live_size, resize } = this.bundle.description.detector.config
    const smaller = resize === 'stretch' ? [] : PROBE_SIZES.filter((size) => size < live_size)
    try {
      for (const engine of possibleEngines(this.bundle)) {
        let runtime: Runtime | null = null
        try {
          const opened = await openRuntime(engine, this.bundle, (detail) => this.abandon?.(new Error(detail)))
          runtime = opened
          for (const size of [...smaller, live_size]) {
            const ms = await this.orLost(measure(opened, this.bundle, size))
            // An engine that is far behind another stays behind it at any size.
            const hopeless = probes.some((other) => other.engine !== engine && other.size >= size && 3 * other.ms < ms)
            probes.push({ engine, size, ms })
            if (ms > PACE || hopeless) break
          }
        } catch (error) {
          if (error instanceof BundleError) throw error
          if (runtime) this.broken.add(engine)
        }
        quietly(() => runtime?.dispose())
      }
    } finally {
      await this.open(before) // also where the network went away meanwhile
    }
    return probes
  }

  /** `work`, or the failure of the engine that does it: what runs on a lost GPU may never end. */
  private orLost<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.abandon = reject
      work.then(resolve, reject)
    }).finally(() => (this.abandon = null))
  }

  /** Run `task` on the engine, and where that fails on the next one. */
  private async guarded<T>(task: (runtime: Runtime) => Promise<T>): Promise<T> {
    for (;;) {
      await this.falling
      // What could not be loaded, as while the network was away, may be there by now.
      if (!this.runtime) await this.open(this.last, this.broken)
      const runtime = this.runtime
      if (!runtime) continue // lost meanwhile
      try {
        return await this.orLost(task(runtime))
      } catch (error) {
        if (error instanceof BundleError) throw error
        await this.fallBack(runtime, error)
      }
    }
  }

  /** Replace `failed` by the next engine that works; throws why where there is none. */
  private async fallBack(failed: Runtime, error: unknown): Promise<void> {
    if (this.runtime !== failed) return this.falling // a lost GPU and the task that it broke both come here
    this.runtime = null
    const falling = this.replaced(failed, error)
    this.falling = falling.catch(() => {})
    return falling
  }

  private async replaced(failed: Runtime, error: unknown): Promise<void> {
    this.broken.add(failed.engine)
    quietly(() => failed.dispose())
    let missing: BundleError | null = null
    for (const engine of possibleEngines(this.bundle)) {
      if (this.broken.has(engine)) continue
      try {
        await this.start(engine)
        tell({ code: codeOf(error), detail: `${failed.engine}: ${reason(error)}`, fallback: engine })
        return
      } catch (problem) {
        if (problem instanceof BundleError) missing = problem
      }
    }
    if (missing) throw missing // the next frame tries again
    tell({ code: codeOf(error), detail: `${failed.engine}: ${reason(error)}` })
    throw error
  }

  private async start(engine: Engine): Promise<void> {
    this.runtime = await openRuntime(engine, this.bundle, (detail) => {
      this.abandon?.(new Error(detail))
      const runtime = this.runtime
      if (runtime?.engine === engine) void this.fallBack(runtime, new Error(detail)).catch(() => {})
    })
    this.last = engine
  }

  /** The pixels of `source`, which is closed; its longer side is made `largest` at most. */
  private read(
    source: ImageBitmap | VideoFrame,
    largest: number,
  ): { raster: Raster; width: number; height: number } {
    try {
      const [width, height] =
        'displayWidth' in source ? [source.displayWidth, source.displayHeight] : [source.width, source.height]
      const scale = Math.min(1, largest / Math.max(width, height))
      const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]
      if (this.canvas?.width !== w || this.canvas.height !== h) this.canvas = new OffscreenCanvas(w, h)
      const context = this.canvas.getContext('2d', { willReadFrequently: true })
      if (!context) throw new Error('no memory for the picture')
      // On white as in Python; else what is transparent would show the picture before.
      context.fillStyle = '#ffffff'
      context.fillRect(0, 0, w, h)
      context.imageSmoothingQuality = 'high'
      context.drawImage(source, 0, 0, w, h)
      const { data } = context.getImageData(0, 0, w, h)
      return { raster: { width: w, height: h, channels: 4, data }, width, height }
    } finally {
      source.close()
    }
  }

  private async nameFrame(namer: FrameNamer, raster: Raster, found: Detections, spent: { brands: number }): Promise<Detections> {
    const start = performance.now()
    const out = await namer.name(raster, found, (boxes) => this.embedBoxes(raster, boxes))
    spent.brands = performance.now() - start
    return namer.data.skus.length ? out : found // what knows nothing has no say in a facing's name
  }

  private async embedBoxes(raster: Raster, boxes: Float32Array): Promise<Float32Array> {
    const { embedder } = this.bundle.description
    if (!embedder) throw new Error('this bundle has no embedder')
    const { size, dimensions } = embedder
    const count = boxes.length / 4
    const vectors = new Float32Array(count * dimensions)
    for (let start = 0; start < count; ) {
      const left = count - start
      const batch = BATCHES.find((each) => left >= each) ?? BATCHES[BATCHES.length - 1]
      const here = Math.min(batch, left)
      const pictures = new Float32Array(batch * size * size * 3)
      for (let slot = 0; slot < here; slot++) {
        const picture = cropRaster(raster, boxes.subarray(4 * (start + slot), 4 * (start + slot) + 4))
        const how = Math.min(picture.width, picture.height) > size ? 'area' : 'linear'
        pictures.set(resize(picture, size, size, how).data, slot * size * size * 3)
      }
      const made = await this.guarded((runtime) => runtime.embed(pictures, batch))
      vectors.set(made.subarray(0, here * dimensions), start * dimensions)
      start += here
    }
    return vectors
  }

  private watchPace(milliseconds: number): void {
    this.recent = [...this.recent.slice(-4), milliseconds]
    if (this.toldSlow || this.recent.length < 5 || median(this.recent) < SLOW) return
    this.toldSlow = true
    tell({ code: 'slow', detail: `${Math.round(median(this.recent))} ms a frame` })
  }
}

/** Milliseconds of a live frame of `size` pixels on `runtime`: the median of a few, after one to warm up. */
async function measure(runtime: Runtime, bundle: Bundle, size: number): Promise<number> {
  const { config } = bundle.description.detector
  const spent: Spent = { prepare: 0, network: 0, decode: 0 }
  const detector = new Detector(config, (input) => runtime.detect(input))
  const frame: Raster = { width: size, height: (size * 3) / 4, channels: 3, data: new Uint8Array((size * size * 9) / 4) }
  for (let i = 0; i < frame.data.length; i++) frame.data[i] = (i * 7919) % 251
  const times: number[] = []
  const started = performance.now()
  for (let run = 0; run <= PROBE_RUNS; run++) {
    const start = performance.now()
    await detector.detectLive(frame, { size }, spent)
    times.push(performance.now() - start)
    if (performance.now() - started > PROBE_TIME) break
  }
  return median(times.length > 1 ? times.slice(1) : times)
}

function withRows(found: Detections, spent: Spent): Detections {
  const start = performance.now()
  const rowIds = rowIdsOf(found.boxes)
  spent.decode += performance.now() - start
  return { ...found, rowIds }
}

/** `found` in a picture `width` pixels wide, of which `raster` is a smaller copy. */
function inPixels(found: Detections, raster: Raster, width: number): Detections {
  const scale = width / raster.width
  return scale === 1 ? found : { ...found, boxes: found.boxes.map((value) => value * scale) }
}

function codeOf(error: unknown): Notice['code'] {
  const text = reason(error)
  if (/was lost|context lost|device lost/i.test(text)) return 'context-lost'
  if (/out of memory|\boom\b|allocat|memory/i.test(text)) return 'out-of-memory'
  return 'engine-failed'
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function quietly(task: () => void): void {
  try {
    task()
  } catch {
    // What is broken may not even be freed.
  }
}

function send(reply: Reply): void {
  postMessage(reply)
}

function tell(notice: Notice): void {
  send({ kind: 'notice', notice })
}

/** Sums up the bytes of files, and sends the sums. */
function bytesTold(): Bundle['onBytes'] {
  const sum = { came: 0, wanted: 0 }
  return (came, wanted) => {
    sum.came += came
    sum.wanted += wanted
    send({ kind: 'loading', loaded: { ...sum } })
  }
}

let shelf: Shelf | null = null

async function answer(request: Request): Promise<unknown> {
  if (request.kind === 'start') {
    const { description, base, engine, size, told } = request
    shelf = new Shelf({ description, base: new URL(base), onBytes: told ? bytesTold() : undefined }, size)
    return shelf.open(engine)
  }
  if (!shelf) throw new Error('the worker was not started')
  switch (request.kind) {
    case 'probe':
      return shelf.probe()
    case 'use':
      return shelf.use(request.engine, request.size)
    case 'offer':
      return shelf.offer(request.frame, request.options)
    case 'detect':
      return shelf.detect(request.picture, request.options)
    case 'embed':
      return shelf.embed(request.picture, request.boxes)
    case 'gallery':
      return shelf.setGallery(request.gallery)
    case 'resetSweep':
      return shelf.resetSweep()
    case 'memory':
      return shelf.memory()
  }
}

// One after the other: engines do not like to be asked twice at once.
let queue: Promise<void> = Promise.resolve()

onmessage = ({ data: { id, request } }: MessageEvent<Task>) => {
  queue = queue.then(async () => {
    try {
      send({ kind: 'done', id, value: await answer(request) })
    } catch (error) {
      const bundle =
        error instanceof BundleError ? { code: error.code, file: error.file, detail: error.detail } : undefined
      send({ kind: 'failed', id, message: reason(error), bundle })
    }
  })
}

send({ kind: 'ready' })
