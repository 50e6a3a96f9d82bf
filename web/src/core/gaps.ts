/** Empty places in a shelf row: products that are probably out of stock. */

import { areaOf, overlapOf } from './boxes'
import type { Detections } from './detections'
import { unique } from './numbers'
import { ShelfPlane } from './plane'
import { rowIdsOf } from './rows'

const WIDTH = 0.8 // of the narrower neighbour's width, from which on a place is empty, not just loosely filled
const COMMON = 0.5 // of the rows; where so many are empty at one place, there is a post or the shelf's end
const COVERED = 0.3 // of a place; where doubtful boxes cover so much, something stands there
const WIDEST = 12 // facings; what is wider is no gap in a row, but two shelves

/** Empty places: boxes in pixels of the photo, their rows, and how many facings would fit. */
export interface Gaps {
  count: number
  boxes: Float32Array
  rowIds: Int32Array
  facings: Int32Array
}

interface Gap {
  box: [number, number, number, number]
  row: number
  facings: number
}

/**
 * The gaps between facings of the same row.
 *
 * @param doubtful boxes scored too low to count: what they cover is taken to be filled.
 */
export function findGaps(found: Detections, doubtful: Float32Array = new Float32Array(0)): Gaps {
  const plane = ShelfPlane.fit(found.boxes)
  const flat = plane.straighten(found.boxes)
  const ids = found.rowIds ?? rowIdsOf(found.boxes, plane)
  const rows = new Map<number, number[]>(unique(ids).map((row) => [row, []]))
  ids.forEach((row, i) => rows.get(row)!.push(i))
  const gaps: Gap[] = []
  for (const [row, members] of rows) gaps.push(...between(flat, members, row))
  const places = Float32Array.from(plane.bend(Float64Array.from(gaps.flatMap((gap) => gap.box))))
  const keep = gaps
    .map((_, i) => i)
    .filter((i) => !isCommon(gaps[i], flat, rows))
    .filter((i) => {
      const covered = (boxes: Float32Array) => {
        for (let j = 0; j < boxes.length / 4; j++)
          if (overlapOf(places, i, boxes, j) >= COVERED * areaOf(places, i)) return true
        return false
      }
      return !covered(found.boxes) && !covered(doubtful)
    })
  return {
    count: keep.length,
    boxes: Float32Array.from(keep.flatMap((i) => [...places.subarray(4 * i, 4 * i + 4)])),
    rowIds: Int32Array.from(keep, (i) => gaps[i].row),
    facings: Int32Array.from(keep, (i) => gaps[i].facings),
  }
}

/** The empty places between the facings `members` of one row. */
function between(flat: Float64Array, members: number[], row: number): Gap[] {
  const gaps: Gap[] = []
  let before: number | null = null // the facing that reaches furthest to the right so far
  for (const i of [...members].sort((a, b) => flat[4 * a] - flat[4 * b] || a - b)) {
    if (before !== null) {
      const [left, right] = [flat[4 * before + 2], flat[4 * i]]
      const widths = [before, i].map((k) => flat[4 * k + 2] - flat[4 * k])
      const fit = (right - left) / Math.max((widths[0] + widths[1]) / 2, 1e-6)
      if (right - left > WIDTH * Math.min(...widths) && fit > 0.6 && fit < WIDEST)
        gaps.push({
          box: [
            left,
            (flat[4 * before + 1] + flat[4 * i + 1]) / 2,
            right,
            (flat[4 * before + 3] + flat[4 * i + 3]) / 2,
          ],
          row,
          facings: Math.max(1, Math.trunc(fit + 0.2)), // there is room between facings too
        })
    }
    if (before === null || flat[4 * i + 2] > flat[4 * before + 2]) before = i
  }
  return gaps
}

/** Whether most rows have nothing where a gap is. */
function isCommon({ box: [left, , right] }: Gap, flat: Float64Array, rows: Map<number, number[]>): boolean {
  let across = 0
  let empty = 0
  for (const members of rows.values()) {
    const starts = Math.min(...members.map((i) => flat[4 * i]))
    const ends = Math.max(...members.map((i) => flat[4 * i + 2]))
    if (!(starts < left && ends > right)) continue
    across++
    const shared = members.map((i) => Math.min(right, flat[4 * i + 2]) - Math.max(left, flat[4 * i]))
    if (Math.max(...shared) < 0.3 * (right - left)) empty++
  }
  return across >= 3 && empty > COMMON * across
}
