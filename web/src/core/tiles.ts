/** Cutting a long photo into overlapping tiles and joining what was found in them. */

import { nms } from './nms'
import { roundEven } from './rounding'
import { joinLooks, type Look, pickLook } from './voting'

/** A rectangle of a picture in pixels; right and bottom are exclusive. */
export interface Tile {
  left: number
  top: number
  right: number
  bottom: number
}

/**
 * Tiles of at most `size` pixels a side that cover a picture, rows first, evenly spaced. Neighbours
 * share at least `overlap` pixels, so that what is no larger is whole in at least one.
 */
export function tileGrid(width: number, height: number, size: number, overlap: number): Tile[] {
  if (!(overlap >= 0 && overlap < size)) throw new RangeError(`overlap ${overlap} of tiles of ${size}`)
  const starts = (length: number): number[] => {
    if (length <= size) return [0]
    const count = Math.ceil((length - overlap) / (size - overlap))
    return Array.from({ length: count }, (_, i) => roundEven((i * (length - size)) / (count - 1)))
  }
  return starts(height).flatMap((top) =>
    starts(width).map((left) => ({
      left,
      top,
      right: Math.min(left + size, width),
      bottom: Math.min(top + size, height),
    })),
  )
}

/**
 * Join what was found in tiles, boxes in tile pixels, into one list in picture pixels, best first.
 *
 * A box that touches (within `edge` pixels) an inner border of its tile is a cut object, whole in the
 * neighbour; it is dropped before NMS, so that halves do not count twice.
 */
export function mergeTiles(
  tiles: Tile[],
  looks: Look[],
  width: number,
  height: number,
  threshold: number,
  edge = 2,
): Look {
  const whole = tiles.map((tile, t) => {
    const moved = { ...looks[t], boxes: looks[t].boxes.slice() }
    const keep: number[] = []
    for (let i = 0; i < moved.scores.length; i++) {
      const k = 4 * i
      moved.boxes[k] += tile.left
      moved.boxes[k + 1] += tile.top
      moved.boxes[k + 2] += tile.left
      moved.boxes[k + 3] += tile.top
      const cut =
        (tile.left > 0 && moved.boxes[k] < tile.left + edge) ||
        (tile.top > 0 && moved.boxes[k + 1] < tile.top + edge) ||
        (tile.right < width && moved.boxes[k + 2] > tile.right - edge) ||
        (tile.bottom < height && moved.boxes[k + 3] > tile.bottom - edge)
      if (!cut) keep.push(i)
    }
    return pickLook(moved, keep)
  })
  const joined = joinLooks(whole)
  return pickLook(joined, nms(joined.boxes, joined.scores, threshold))
}
