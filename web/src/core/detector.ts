/** Finding facings in photos and frames, with whatever runs the network. */

import { detectorAnchors } from './anchors'
import { areas, mirrorBoxes } from './boxes'
import type { DetectorConfig } from './config'
import { type Detections, selectDetections } from './detections'
import { type Heads, postprocess } from './postprocess'
import { type Input, prepare } from './preprocess'
import { cropRaster, mirrorRaster, type Raster } from './raster'
import { roundEven } from './rounding'
import { mergeTiles, tileGrid } from './tiles'
import { type Look, mergeViews } from './voting'

const WIDEST = 16 / 9 // photos wider (or taller) than this are searched in tiles
const OVERLAP = 0.25 // of a tile's side
const MOST_TILES = 48 // a strip 60 times as wide as high; those of a thinner one are wider than WIDEST
const ENLARGED = 8 // times at most: what a tile of a few pixels does not show, no enlargement brings out
const VIEW_SCORE = 0.02 // a mean over views needs the doubtful boxes of each
const FEW = 5 // facings that a glance must show before it is believed
const PREPARED_SIZES = 6 // input sizes whose anchors are kept

/** Runs the network on an input of any size. */
export type Run = (input: Input) => Promise<Heads>

/** Milliseconds spent so far; added to. */
export interface Spent {
  prepare: number
  network: number
  decode: number
}

export interface Wanted {
  minScore?: number
  size?: number // longest side in pixels to resize to, for one look
}

/** Finds facings as Python's `Detector` does. */
export class Detector {
  private readonly anchors = new Map<string, Float32Array>()

  constructor(
    readonly config: DetectorConfig,
    private readonly run: Run,
  ) {}

  /** Facings in a live frame, best first: one quick look. */
  async detectLive(frame: Raster, wanted: Wanted, spent: Spent): Promise<Detections> {
    const { live_size, live_min_score } = this.config
    return asDetections(
      await this.look(frame, wanted.size ?? live_size, wanted.minScore ?? live_min_score, spent),
    )
  }

  /**
   * Facings in a photo, best first.
   *
   * It is first glanced at in the live size, to resize it so that its facings are as large as the network
   * knows them best, and may then be looked at more than once. One far from square is cut into
   * overlapping tiles, so that its facings keep their resolution.
   */
  async detectPhoto(photo: Raster, wanted: Wanted, spent: Spent): Promise<Detections> {
    const minScore = wanted.minScore ?? this.config.min_score
    const { width, height } = photo
    if (this.config.resize === 'stretch')
      return asDetections(await this.look(photo, wanted.size ?? this.config.photo_size, minScore, spent))
    if (Math.max(width, height) <= WIDEST * Math.min(width, height))
      return asDetections(await this.views(photo, wanted.size, minScore, spent))
    const least = Math.max(width, height) / (OVERLAP + (1 - OVERLAP) * MOST_TILES)
    const side = Math.max(roundEven(WIDEST * Math.min(width, height)), Math.ceil(least))
    const tiles = tileGrid(width, height, side, roundEven(OVERLAP * side))
    const looks: Look[] = []
    for (const tile of tiles) {
      const part = cropRaster(photo, [tile.left, tile.top, tile.right, tile.bottom])
      const largest = ENLARGED * Math.max(part.width, part.height)
      looks.push(await this.views(part, wanted.size, minScore, spent, largest))
    }
    const merged = asDetections(mergeTiles(tiles, looks, width, height, this.config.nms_iou))
    // A panorama may hold more facings than one photo: the cap is per tile.
    return first(merged, this.config.max_detections * tiles.length)
  }

  /** One look at a given `size`, else the configured looks around the fitting one, merged; none above `largest`. */
  private async views(
    photo: Raster,
    size: number | undefined,
    minScore: number,
    spent: Spent,
    largest = Infinity,
  ): Promise<Look> {
    const { photo_views, nms_iou, max_detections } = this.config
    const fitting = Math.min(size ?? (await this.fittingSize(photo, spent, largest)), largest)
    if (size || photo_views.length === 1) return this.look(photo, fitting, minScore, spent)
    const found: Look[] = []
    for (const [factor, mirrored] of photo_views) {
      const seen = await this.look(
        mirrored ? mirrorRaster(photo) : photo,
        roundEven(fitting * factor),
        VIEW_SCORE,
        spent,
      )
      found.push(mirrored ? { ...seen, boxes: mirrorBoxes(seen.boxes, photo.width) } : seen)
    }
    const started = performance.now()
    const merged = asDetections(mergeViews(found, nms_iou))
    let count = 0 // best first, so that those above the threshold come first
    while (count < Math.min(merged.count, max_detections) && merged.scores[count] >= minScore) count++
    spent.decode += performance.now() - started
    return first(merged, count)
  }

  /** Longest side in pixels, up to `limit`, that gives a typical facing of `photo` the configured size. */
  private async fittingSize(photo: Raster, spent: Spent, limit: number): Promise<number> {
    const { input_size, photo_size, facing_size, live_size, live_min_score } = this.config
    const largest = Math.min(photo_size, limit)
    if (facing_size <= 0) return largest
    const seen = await this.look(photo, Math.min(live_size, limit), live_min_score, spent)
    if (seen.scores.length < FEW) return largest
    const sizes = areas(seen.boxes).sort()
    const middle = sizes.length >> 1
    const median = sizes.length % 2 ? sizes[middle] : (sizes[middle - 1] + sizes[middle]) / 2
    const fitting = (Math.max(photo.width, photo.height) * facing_size) / Math.sqrt(median)
    // No crop that it was trained on was smaller than `input_size`.
    return Math.trunc(Math.min(Math.max(fitting, input_size), largest))
  }

  private async look(raster: Raster, size: number, minScore: number, spent: Spent): Promise<Look> {
    const times = [performance.now()]
    const input = prepare(this.config, raster, size)
    times.push(performance.now())
    const heads = await this.run(input)
    times.push(performance.now())
    const anchors = this.anchorsOf(input.height, input.width)
    const { scale } = input
    const most = this.config.max_detections
    const found = postprocess(
      this.config,
      anchors,
      heads,
      minScore,
      most,
      scale,
      raster.width,
      raster.height,
    )
    times.push(performance.now())
    spent.prepare += times[1] - times[0]
    spent.network += times[2] - times[1]
    spent.decode += times[3] - times[2]
    return found
  }

  private anchorsOf(height: number, width: number): Float32Array {
    const key = `${height} ${width}`
    let anchors = this.anchors.get(key)
    if (!anchors) {
      if (this.anchors.size >= PREPARED_SIZES) this.anchors.clear()
      this.anchors.set(key, (anchors = detectorAnchors(this.config, height, width)))
    }
    return anchors
  }
}

function asDetections(look: Look): Detections {
  return { count: look.scores.length, ...look }
}

function first(found: Detections, count: number): Detections {
  if (found.count <= count) return found
  return selectDetections(
    found,
    Array.from({ length: count }, (_, i) => i),
  )
}
