/** Counting what a camera sees: frames to the worker, boxes on the canvas, numbers for the page. */

import { computed, signal } from '@preact/signals'
import type { Auditor, Detections, EmbedderDescription, Found, ShareRow, Sweep } from '../core'
import { selectDetections, shareOfShelf } from '../core'
import { drawBoxes } from './boxes'
import { LiveLooks } from './looks'
import { GREY, colorsOf } from './palette'
import { sweepRecord } from './shelf'
import type { CountedSweep } from './shelf'
import { t } from './strings'

const RECENT = 2000 // ms, what "now" means for count, time a frame and frame rate
const NUMBERS_EVERY = 250 // ms: numbers that change faster cannot be read
const CHART_EVERY = 600
const LOOKS_EVERY = 1500
const KEEP_EVERY = 1000 // ms: how old the last picture of a lost camera may be
const STALLED = 3000 // ms without a new picture

export interface Reading {
  inView: number // median over the last two seconds
  unique: number // facings counted once each since the start or the last reset
  lost: boolean // the camera's place along the shelf is not known
  ms: number // median from frame to boxes
  fps: number
}

export interface LiveShares {
  unique: ShareRow[]
  inView: ShareRow[]
  names: string[] // brands in the order that gives them their colours
  against: boolean // the tables have the own brands against all others
}

/** What the loop needs to know; read anew at each frame. */
export interface LiveOptions {
  auditor: Auditor
  embedder: EmbedderDescription | null
  minScore: number
  labels: readonly string[]
  brands: readonly string[] | null // of the gallery in use, or the classes'; null groups by look
  byLabel: boolean // a facing's class is its brand
  colors: Readonly<Record<string, string>>
  own: readonly string[] // names of the own brands
}

interface Past {
  at: number
  count: number
  ms: number
}

/** One run of the camera; `stop` it when the page goes. */
export class Live {
  readonly reading = signal<Reading | null>(null)
  readonly shares = signal<LiveShares>({ unique: [], inView: [], names: [], against: false })
  readonly problem = signal('')
  readonly stalled = signal(false) // the camera gives no new pictures; where the browser does not tell of them, false
  paused = false // the sweep stays as it is
  ended = false // the camera shows nothing any more

  private against = false
  private past: Past[] = []
  private newest: { found: Detections; width: number; height: number } | null = null
  private sweep: Sweep | null = null
  private dirty = false
  private pictureAt = 0 // the camera's newest
  private shownAt = 0 // the screen's newest
  private stopped = false
  private numbersAt = 0
  private chartAt = 0
  private looksAt = 0
  private looking = false
  private last: ImageBitmap | null = null // a frame of a moment ago: of a camera that is gone a video shows nothing
  private keptAt = -Infinity
  private grabbing = false // a frame is being taken from the video
  private looks: LiveLooks | null = null
  private running = false
  private round = 0 // of counting: one more at each reset

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly canvas: HTMLCanvasElement,
    private readonly options: () => LiveOptions | null,
    makeLooks: () => LiveLooks | null,
  ) {
    this.makeLooks = makeLooks
  }

  private readonly makeLooks: () => LiveLooks | null

  start(): void {
    if (this.running) return
    this.running = true
    this.watch()
    const draw = (): void => {
      if (this.stopped) return
      if (this.dirty) this.draw()
      this.lookForPictures()
      requestAnimationFrame(draw)
    }
    requestAnimationFrame(draw)
  }

  stop(): void {
    this.stopped = true
    this.last?.close()
    this.last = null
  }

  /** Begin to count anew, as at another shelf. */
  reset(): void {
    this.round += 1
    const options = this.options()
    options?.auditor.resetSweep()
    // The looks so far end with the sweep; else the worker would go on naming by them.
    if (options?.brands === null) void options.auditor.setGallery(null).catch(() => {})
    this.looks = null
    this.sweep = null
    this.past = []
    this.numbersAt = this.chartAt = this.looksAt = 0
    if (this.reading.value) this.reading.value = { ...this.reading.value, unique: 0 }
  }

  /** Have the boxes drawn anew, as after the page has changed its size. */
  redraw(): void {
    this.dirty = true
  }

  /** Have the shares of the own brands against all others, or of every brand. */
  setAgainst(against: boolean): void {
    this.against = against
    const options = this.options()
    if (options) this.shares.value = this.share(options) // now: a paused camera brings no frame
  }

  /**
   * The frame in view, or the last one of a camera that has ended, and what the sweep has counted so far.
   *
   * @throws Error there is none yet; its message is fit for the user.
   */
  async freeze(): Promise<{ picture: ImageBitmap; sweep: CountedSweep | null }> {
    const source = this.ended || this.video.readyState < 2 ? this.last : this.video
    if (!source) throw new Error(t('count.no-picture'))
    const picture = await createImageBitmap(source)
    // Looks have other letters on the frozen picture, so that only brands go with the sweep.
    const options = this.options()
    return { picture, sweep: this.sweep && sweepRecord(this.sweep, options?.brands ?? [], options?.embedder ?? null) }
  }

  /** Calls `step` at each new picture of the camera. */
  private watch(): void {
    const next = (): void => {
      if (this.stopped) return
      // Not every browser tells of new frames; at the screen's pace none is missed.
      if ('requestVideoFrameCallback' in this.video) this.video.requestVideoFrameCallback(next)
      else requestAnimationFrame(next)
      this.pictureAt = performance.now()
      void this.step()
    }
    next()
  }

  private lookForPictures(): void {
    const now = performance.now()
    if (this.paused || now - this.shownAt > STALLED / 2) this.pictureAt = now // nobody looked: the page was hidden
    this.shownAt = now
    this.stalled.value = now - this.pictureAt > STALLED
  }

  private async step(): Promise<void> {
    const options = this.options()
    if (!options || this.paused || this.grabbing || options.auditor.busy || document.hidden || !this.active || this.video.readyState < 2 || !this.video.videoWidth) return
    const { auditor, minScore } = options
    const [started, round] = [performance.now(), this.round]
    this.grabbing = true
    try {
      const frame = await this.grab(started).finally(() => (this.grabbing = false))
      const found = await auditor.offer(frame, { minScore, brands: true, sweep: true })
      // What was sent before a reset comes with the sweep that it has ended.
      if (found && !this.stopped && round === this.round) this.take(found, performance.now() - started, options)
      this.problem.value = ''
    } catch (error) {
      if (!this.stopped) this.problem.value = error instanceof Error ? error.message : String(error)
    }
  }

  private async grab(now: number): Promise<ImageBitmap> {
    const frame = await createImageBitmap(this.video)
    if (now - this.keptAt < KEEP_EVERY || !this.active) return frame
    this.keptAt = now
    const kept = await createImageBitmap(frame)
    this.last?.close()
    this.last = this.stopped ? null : kept
    return frame
  }

  /** Whether the camera gives pictures; before its page is told that it has ended, the video is black. */
  private get active(): boolean {
    return (this.video.srcObject as MediaStream | null)?.active !== false
  }

  private take(found: Found, ms: number, options: LiveOptions): void {
    const now = performance.now()
    const branded = (found: Detections): Detections => (options.byLabel ? { ...found, brandIds: found.classIds } : found)
    this.newest = { found: branded(found.detections), width: found.width, height: found.height }
    this.sweep = found.sweep ? { ...found.sweep, facings: branded(found.sweep.facings) } : null
    this.dirty = true
    const since = Math.min(now - RECENT, this.past.at(-1)?.at ?? now) // two frames at least: one alone has no rate
    this.past = [...this.past.filter((each) => each.at >= since), { at: now, count: found.detections.count, ms }]
    if (now - this.numbersAt >= NUMBERS_EVERY) {
      this.numbersAt = now
      this.reading.value = this.read()
    }
    if (now - this.chartAt >= CHART_EVERY) {
      this.chartAt = now
      this.shares.value = this.share(options)
    }
    if (options.brands === null && now - this.looksAt >= LOOKS_EVERY) void this.learn(options)
  }

  private read(): Reading {
    const { at } = this.past.at(-1)!
    const span = at - this.past[0].at
    return {
      inView: median(this.past.filter((each) => at - each.at <= RECENT).map((each) => each.count)),
      unique: this.sweep?.unique ?? 0,
      lost: this.sweep?.lost ?? false,
      ms: median(this.past.map((each) => each.ms)),
      fps: span > 0 ? (1000 * (this.past.length - 1)) / span : 0,
    }
  }

  private names(): readonly string[] {
    const options = this.options()
    return options?.brands ?? this.looks?.names ?? []
  }

  private share(options: LiveOptions): LiveShares {
    const names = this.names()
    const against = this.against && options.own.length > 0
    const own = against ? options.own : undefined
    const table = (found: Detections): ShareRow[] =>
      shareOfShelf(withNames(found, names.length), { labels: options.labels, brands: names, own })
    return {
      unique: this.sweep ? table(this.sweep.facings) : [],
      inView: this.newest ? table(this.newest.found) : [],
      names: [...names],
      against,
    }
  }

  private async learn(options: LiveOptions): Promise<void> {
    const looks = (this.looks ??= this.makeLooks())
    const newest = this.newest
    if (!looks || !newest || this.looking) return
    this.looking = true
    const wanted = (): boolean => !this.stopped && this.looks === looks
    try {
      // The frame in view is a moment younger than its boxes; held still, a facing is in its place.
      if (await looks.learn(options.auditor, await createImageBitmap(this.video), newest.found, wanted)) this.chartAt = 0
    } catch {
      // The next frames may do.
    } finally {
      this.looking = false
      this.looksAt = performance.now()
    }
  }

  private draw(): void {
    this.dirty = false
    const { canvas, newest } = this
    const context = canvas.getContext('2d')
    if (!context || !newest) return
    const ratio = devicePixelRatio || 1
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)]
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height]
    context.clearRect(0, 0, width, height)
    const { found } = newest
    const names = this.names()
    const colors = colorsOf(names, this.options()?.colors)
    const marked = Array.from({ length: found.count }, (_, i) => ({
      box: Array.from(found.boxes.subarray(4 * i, 4 * i + 4)) as [number, number, number, number],
      color: colors.get(names[found.brandIds?.[i] ?? -1]) ?? (names.length ? GREY : '#ffd166'),
    }))
    drawBoxes(context, marked, { left: 0, top: 0, scale: width / newest.width }, Math.max(1.5, 1.5 * ratio))
  }
}

/** The camera that is looked through. */
export const looking = signal<Live | null>(null)

/** Whether a camera has counted facings that nothing keeps yet. */
export const sweeping = computed(() => !!looking.value?.reading.value?.unique)

/** `found` with brand ids as soon as there are names; before, its class tells what it is. */
function withNames(found: Detections, names: number): Detections {
  const all = selectDetections(found, Array.from({ length: found.count }, (_, i) => i))
  if (names) all.brandIds ??= new Int32Array(found.count).fill(-1)
  else delete all.brandIds
  return all
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] ?? 0
}
