/** Shelf rows from the boxes alone: which facings stand on the same board. */

import type { Numbers } from './boxes'
import type { Detections } from './detections'
import { mean, median, unique } from './numbers'
import { ShelfPlane } from './plane'
import { roundEven } from './rounding'

// Heights are in typical facings, widths in typical facings too; chosen as Python's.
const BOARD = 0.12 // a wider gap between two facings, one above the other, is a board; a narrower one a stack
const SOFTNESS = 0.04
const OVERLAP = 0.4 // of the narrower one: whether one facing is above the other
const STRADDLE = 1.0 // what a facing counts that a cut would go through, a pair of facings counting 1
const TRIM = 0.05 // of a facing's height, at both ends, that a cut may touch
const REACH = 0.05 // beyond a gap's ends in which a cut is still in it
const STEPS = 25 // of the height profile, a typical facing
const BLUR = 0.05

/**
 * `found` with `rowIds`, 0 the topmost row; what is stacked is one row with what it stands on.
 *
 * Tilt and perspective are taken out first. Then each pair of facings, one right above the other, votes
 * for or against a board between them by the gap that it leaves, and each facing against a board through
 * itself. A board is where the votes for it prevail.
 */
export function assignRows(found: Detections): Detections {
  return { ...found, rowIds: rowIdsOf(found.boxes) }
}

/** Row number of each of `boxes`; see `assignRows`. */
export function rowIdsOf(boxes: Numbers, plane?: ShelfPlane): Int32Array {
  const n = boxes.length / 4
  if (!n) return new Int32Array(0)
  // In one order, so that sums, rounded, do not depend on the boxes' own.
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => {
    for (const k of [3, 2, 1, 0]) {
      const difference = boxes[4 * a + k] - boxes[4 * b + k]
      if (difference) return difference
    }
    return a - b
  })
  const sorted = new Float64Array(4 * n)
  order.forEach((from, to) => {
    for (let k = 0; k < 4; k++) sorted[4 * to + k] = boxes[4 * from + k]
  })
  const flat = (plane ?? ShelfPlane.fit(sorted)).straighten(sorted)
  const column = (of: (k: number) => number) => Float64Array.from({ length: n }, (_, i) => of(4 * i))
  const top = column((k) => flat[k + 1])
  const foot = column((k) => flat[k + 3])
  const height = column((k) => Math.max(flat[k + 3] - flat[k + 1], 1e-6))
  const width = column((k) => Math.max(flat[k + 2] - flat[k], 1e-6))
  const highest = Math.min(...top)
  const lowest = Math.max(...foot)
  const typical = Math.max(median(height), 0.005 * (lowest - highest)) // whatever boxes come
  const usual = median(width)
  const step = typical / STEPS
  const start = highest - typical
  const size = Math.trunc((lowest - start + typical) / step) + 2
  const profile = new Profile(size)
  const cell = (y: number) => (y - start) / step
  for (const [upper, lower, vote] of pairsOf(sorted, top, foot, typical)) {
    const ends = [foot[upper], top[lower]].sort((a, b) => a - b)
    const weight = (vote * Math.min(width[upper], width[lower])) / usual
    profile.add(cell(ends[0] - REACH * typical), cell(ends[1] + REACH * typical), weight)
  }
  for (let i = 0; i < n; i++)
    profile.add(
      cell(top[i] + TRIM * height[i]),
      cell(foot[i] - TRIM * height[i]),
      (-STRADDLE * width[i]) / usual,
    )
  const boards = profile.peaks().map((peak) => start + step * peak)
  const place = (y: number) => boards.filter((board) => board < y).length
  const places = Int32Array.from({ length: n }, (_, i) => place((top[i] + foot[i]) / 2))
  const used = unique(places)
  const rows = new Int32Array(n)
  order.forEach((to, from) => (rows[to] = used.indexOf(places[from])))
  return rows
}

/** Facings and the nearest ones below each, and each pair's vote for a board, -1 to 1. */
function pairsOf(
  boxes: Float64Array,
  top: Float64Array,
  foot: Float64Array,
  typical: number,
): [number, number, number][] {
  const n = top.length
  const pairs: [number, number, number][] = []
  for (let i = 0; i < n; i++) {
    let nearest = Infinity
    const below: [number, number][] = []
    for (let j = 0; j < n; j++) {
      if (!(top[j] + foot[j] > top[i] + foot[i])) continue
      const widths = [boxes[4 * i + 2] - boxes[4 * i], boxes[4 * j + 2] - boxes[4 * j]]
      const shared = Math.min(boxes[4 * i + 2], boxes[4 * j + 2]) - Math.max(boxes[4 * i], boxes[4 * j])
      if (!(shared > OVERLAP * Math.min(...widths))) continue
      const gap = top[j] - foot[i]
      if (!(gap > -OVERLAP * Math.min(foot[i] - top[i], foot[j] - top[j]))) continue
      below.push([j, gap])
      nearest = Math.min(nearest, gap)
    }
    for (const [j, gap] of below)
      if (gap <= nearest + 0.3 * typical) pairs.push([i, j, Math.tanh((gap / typical - BOARD) / SOFTNESS)])
  }
  return pairs
}

/** Votes over the height of a shelf. */
class Profile {
  private readonly steps: Float64Array

  constructor(private readonly size: number) {
    this.steps = new Float64Array(size + 1)
  }

  /** Add `weight` to the cells from `first` to `last`. */
  add(first: number, last: number, weight: number): void {
    const clamp = (cell: number) => Math.min(Math.max(roundEven(cell), 0), this.size - 1)
    const from = clamp(first)
    this.steps[from] += weight
    this.steps[Math.max(clamp(last), from - 1) + 1] -= weight
  }

  /** Where each stretch above zero, smoothed, is highest: cells, in the middle of a plateau. */
  peaks(): number[] {
    const sums = new Float64Array(this.size)
    let sum = 0
    for (let i = 0; i < this.size; i++) sums[i] = sum += this.steps[i]
    const kernel = Array.from({ length: 9 }, (_, k) => Math.exp(-0.5 * ((k - 4) / (BLUR * STEPS)) ** 2))
    const total = kernel.reduce((a, b) => a + b)
    const smooth = sums.map((_, i) => {
      let value = 0
      for (let k = -4; k <= 4; k++) value += (sums[i - k] ?? 0) * (kernel[k + 4] / total)
      return value
    })
    const peaks: number[] = []
    for (let i = 0; i < this.size; ) {
      if (!(smooth[i] > 1e-6)) {
        i++
        continue
      }
      let best = -Infinity
      const start = i
      while (i < this.size && smooth[i] > 1e-6) best = Math.max(best, smooth[i++])
      const highest: number[] = []
      for (let k = start; k < i; k++) if (smooth[k] >= best - 1e-9) highest.push(k)
      peaks.push(mean(highest))
    }
    return peaks
  }
}
