/** The page's handle of the worker that finds and names facings. */

import type { Bundle } from './bundle'
import { BundleError } from './bundle'
import type { Detections } from './detections'
import type { Gallery } from './gallery'
import type { Reply, Request, Task } from './messages'
import type { Memory } from './runtime'

/** What calculates; `litert` is LiteRT.js on WASM in 8 bits. */
export type Engine = 'webgpu' | 'webgl' | 'wasm' | 'litert'

export const ENGINES: readonly Engine[] = ['webgpu', 'webgl', 'wasm', 'litert']

/** What an engine took for one live frame of `size` pixels, in milliseconds. */
export interface Probe {
  engine: Engine
  size: number
  ms: number
}

/** Milliseconds a live frame that are quick enough for boxes to stay on what a moving camera shows. */
export const PACE = 60

/** The engine and size to use: the largest size that an engine is quick enough for; else the quickest. */
export function chooseProbe(probes: readonly Probe[]): Probe | null {
  const quick = probes.filter(({ ms }) => ms <= PACE)
  const order = (a: Probe, b: Probe) => (quick.length ? b.size - a.size : 0) || a.ms - b.ms
  return [...(quick.length ? quick : probes)].sort(order)[0] ?? null
}

export type Step = 'prepare' | 'network' | 'decode' | 'brands' | 'track'

/** What was found in one picture of `width` x `height` pixels. */
export interface Found {
  detections: Detections
  width: number
  height: number
  timings: Record<Step, number> // milliseconds
  sweep?: Sweep
}

/** The facings of a sweep, each counted once; `lost` while the camera's place is not known. */
export interface Sweep {
  unique: number
  facings: Detections
  vectors?: Float32Array // of `facings`, of any length; zeros of those never embedded; absent without an embedder
  lost: boolean
}

/** Something the user should know; with `fallback`, the engine that works from now on. */
export interface Notice {
  code: 'engine-failed' | 'context-lost' | 'out-of-memory' | 'slow'
  detail: string
  fallback?: Engine
}

export interface AuditorOptions {
  engine?: Engine // default: the first that works of litert, wasm
  size?: number // longest side in pixels of live frames; default the model's
  onNotice?: (notice: Notice) => void
  onLoading?: (loaded: Loaded) => void // called as files come
}

/** Bytes of the files that have been asked for, and those that have come. */
export interface Loaded {
  came: number
  wanted: number
}

export interface DetectOptions {
  minScore?: number // default the model's threshold
  brands: boolean
}

export interface OfferOptions extends DetectOptions {
  sweep: boolean
}

interface Pending {
  frame: ImageBitmap | VideoFrame
  options: OfferOptions
  resolve: (found: Promise<Found> | null) => void
}

interface Waiting {
  resolve: (value: never) => void
  reject: (error: Error) => void
}

/** Runs the model in a worker; every method may be called at any time. */
export class Auditor {
  private readonly waiting = new Map<number, Waiting>()
  private next = 0
  private inWork = false // whether the worker has a live frame
  private pending: Pending | null = null // the live frame that is next
  private stopped = false
  private ready = false // whether the worker's code was loaded
  private onNotice: (notice: Notice) => void = () => {}
  private onLoading?: (loaded: Loaded) => void
  private current: { engine: Engine; size: number } = { engine: 'wasm', size: 0 }

  private constructor(
    private readonly worker: Worker,
    readonly bundle: Bundle,
  ) {
    worker.onmessage = (event: MessageEvent<Reply>) => this.take(event.data)
    worker.onerror = (event) => {
      event.preventDefault()
      // Later errors are an engine's own threads': the worker sees to them, and answers.
      if (!this.ready) this.fail(new Error(event.message || 'the worker could not be started'))
    }
  }

  /**
   * Start a worker with the model of `bundle`.
   *
   * @throws BundleError a file is missing or damaged; Error no engine works here.
   */
  static async start(bundle: Bundle, options: AuditorOptions = {}): Promise<Auditor> {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    const auditor = new Auditor(worker, bundle)
    if (options.onNotice) auditor.onNotice = options.onNotice
    auditor.onLoading = options.onLoading
    try {
      const { engine, size } = options
      auditor.current = await auditor.ask({
        kind: 'start',
        description: bundle.description,
        base: bundle.base.href,
        engine,
        size,
        told: !!options.onLoading,
      })
    } catch (error) {
      worker.terminate()
      throw error
    }
    return auditor
  }

  get engine(): Engine {
    return this.current.engine
  }

  /** Longest side in pixels that live frames are resized to. */
  get size(): number {
    return this.current.size
  }

  /** Measure each engine that works here, a moment each; the caller keeps the result. */
  probe(): Promise<Probe[]> {
    return this.ask({ kind: 'probe' })
  }

  /** Calculate with `engine` from now on; the present one stays where it does not work. */
  async use(engine: Engine, size?: number): Promise<void> {
    this.current = await this.ask({ kind: 'use', engine, size })
  }

  /**
   * Offer a live frame, which then belongs to the auditor.
   *
   * Of frames that come while one is in work only the newest is kept: the promise of one that is
   * pushed aside gives `null`. Returns `null` at once where the auditor has been stopped.
   */
  offer(frame: ImageBitmap | VideoFrame, options: OfferOptions): Promise<Found | null> | null {
    if (this.stopped) {
      frame.close()
      return null
    }
    if (!this.inWork) return this.send(frame, options)
    this.dropPending()
    return new Promise((resolve) => {
      this.pending = { frame, options, resolve }
    })
  }

  /** Whether a live frame is in work; one offered now waits, or pushes aside the one that waits. */
  get busy(): boolean {
    return this.inWork
  }

  private send(frame: ImageBitmap | VideoFrame, options: OfferOptions): Promise<Found> {
    this.inWork = true
    const found = this.ask<Found>({ kind: 'offer', frame, options }, [frame])
    const next = () => {
      this.inWork = false
      const pending = this.pending
      this.pending = null
      if (pending) pending.resolve(this.send(pending.frame, pending.options))
    }
    found.then(next, next)
    return found
  }

  private dropPending(): void {
    this.pending?.frame.close()
    this.pending?.resolve(null)
    this.pending = null
  }

  /** Find the facings of a photo accurately; the picture then belongs to the auditor. */
  detect(picture: ImageBitmap, options: DetectOptions): Promise<Found> {
    return this.ask({ kind: 'detect', picture, options }, [picture])
  }

  /** Unit vectors, `dimensions` numbers each, of the facings in `boxes`; takes the picture. */
  embed(picture: ImageBitmap, boxes: Float32Array): Promise<Float32Array> {
    return this.ask({ kind: 'embed', picture, boxes }, [picture])
  }

  /** The gallery that names brands from now on; `null` names none. Its examples must be this model's. */
  setGallery(gallery: Gallery | null): Promise<void> {
    const embedder = this.bundle.description.embedder
    return this.ask({ kind: 'gallery', gallery: gallery && embedder && gallery.matcherData(embedder) })
  }

  /** Begin to count anew, as at another shelf. */
  resetSweep(): void {
    void this.ask({ kind: 'resetSweep' }).catch(() => {})
  }

  /** What the engine holds; does not grow from frame to frame. */
  memory(): Promise<Memory> {
    return this.ask({ kind: 'memory' })
  }

  stop(): void {
    this.worker.terminate()
    this.fail(new Error('the auditor was stopped'))
  }

  private ask<T>(request: Request, transfer: Transferable[] = []): Promise<T> {
    if (this.stopped) return Promise.reject(new Error('the auditor was stopped'))
    return new Promise<T>((resolve, reject) => {
      const id = this.next++
      this.waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
      const task: Task = { id, request }
      this.worker.postMessage(task, transfer)
    })
  }

  private take(reply: Reply): void {
    if (reply.kind === 'ready') {
      this.ready = true
      return
    }
    if (reply.kind === 'notice') {
      if (reply.notice.fallback) this.current = { ...this.current, engine: reply.notice.fallback }
      this.onNotice(reply.notice)
      return
    }
    if (reply.kind === 'loading') {
      this.onLoading?.(reply.loaded)
      return
    }
    const waiting = this.waiting.get(reply.id)
    this.waiting.delete(reply.id)
    if (!waiting) return
    if (reply.kind === 'done') waiting.resolve(reply.value as never)
    else if (reply.bundle) waiting.reject(new BundleError(reply.bundle.code, reply.bundle.file, reply.bundle.detail))
    else waiting.reject(new Error(reply.message))
  }

  private fail(error: Error): void {
    this.stopped = true
    this.dropPending()
    for (const { reject } of this.waiting.values()) reject(error)
    this.waiting.clear()
  }
}
