/** Points of a picture that can be found again: corners, and what surrounds them in 256 bits. */

import type { Grey } from './flow'
import { type Agreement, findHomography, randomNumbers } from './homography'

const QUALITY = 0.01 // of the strongest corner, from which on one counts
const RATIO = 0.8 // Lowe's: of the best match's distance to the next one's; rows of equal packs fail it
const FARTHEST = 70 // bits in which a match may differ
const MIN_INLIERS = 16
const MIN_AGREEMENT = 0.3 // of the matches; a chance homography gathers less
const REACH = 13 // pixels around a corner that describe it
const WORDS = 8 // of 32 bits

// Which pairs of places around a corner are compared (Calonder et al. 2010, BRIEF).
const PAIRS = (() => {
  const random = randomNumbers(2)
  const place = () => Math.round(Math.min(Math.max((random() + random() + random() - 1.5) * REACH, -REACH), REACH))
  return Int8Array.from({ length: 4 * 32 * WORDS }, place)
})()

export interface Features {
  points: Float32Array // x, y one after the other
  bits: Uint32Array // `WORDS` for each
}

/** At most `count` corners (Shi and Tomasi 1994), strongest first, `apart` pixels or more from each other. */
export function cornersOf({ width, height, data }: Grey, count: number, apart: number): Float32Array {
  const size = width * height
  const [xx, xy, yy] = [new Float32Array(size), new Float32Array(size), new Float32Array(size)]
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const k = y * width + x
      const gx = data[k + 1] - data[k - 1]
      const gy = data[k + width] - data[k - width]
      xx[k] = gx * gx
      xy[k] = gx * gy
      yy[k] = gy * gy
    }
  for (const values of [xx, xy, yy]) smooth(values, width, height)
  const strength = new Float32Array(size)
  let strongest = 0
  for (let y = 4; y < height - 4; y++)
    for (let x = 4; x < width - 4; x++) {
      const k = y * width + x
      strength[k] = xx[k] + yy[k] - Math.sqrt((xx[k] - yy[k]) ** 2 + 4 * xy[k] ** 2)
      strongest = Math.max(strongest, strength[k])
    }
  const peaks: number[] = []
  for (let y = 4; y < height - 4; y++)
    for (let x = 4; x < width - 4; x++) {
      const k = y * width + x
      const here = strength[k]
      if (!(here > QUALITY * strongest)) continue
      let peak = true
      for (const by of [-width - 1, -width, -width + 1, -1]) if (strength[k + by] >= here) peak = false
      for (const by of [1, width - 1, width, width + 1]) if (strength[k + by] > here) peak = false
      if (peak) peaks.push(k)
    }
  peaks.sort((a, b) => strength[b] - strength[a] || a - b)
  const cells = new Map<number, number[]>()
  const columns = Math.ceil(width / apart)
  const out: number[] = []
  for (const peak of peaks) {
    const [x, y] = [peak % width, Math.floor(peak / width)]
    const [column, row] = [Math.floor(x / apart), Math.floor(y / apart)]
    const near = (() => {
      for (let r = row - 1; r <= row + 1; r++)
        for (let c = column - 1; c <= column + 1; c++)
          for (const other of cells.get(r * columns + c) ?? [])
            if (Math.hypot((other % width) - x, Math.floor(other / width) - y) < apart) return true
      return false
    })()
    if (near) continue
    const cell = row * columns + column
    cells.set(cell, [...(cells.get(cell) ?? []), peak])
    out.push(x, y)
    if (out.length >= 2 * count) break
  }
  return Float32Array.from(out)
}

/** The corners of `grey` with descriptions. */
export function featuresOf(grey: Grey, count = 400): Features {
  const { width, height } = grey
  const blurred = grey.data.slice()
  smooth(blurred, width, height)
  const corners = cornersOf(grey, count, 5)
  const kept: number[] = []
  for (let i = 0; i < corners.length; i += 2) {
    const [x, y] = [corners[i], corners[i + 1]]
    if (x >= REACH && y >= REACH && x < width - REACH && y < height - REACH) kept.push(x, y)
  }
  const bits = new Uint32Array((kept.length / 2) * WORDS)
  for (let i = 0; i < kept.length / 2; i++) {
    const middle = kept[2 * i + 1] * width + kept[2 * i]
    for (let b = 0; b < 32 * WORDS; b++) {
      const first = blurred[middle + PAIRS[4 * b + 1] * width + PAIRS[4 * b]]
      const second = blurred[middle + PAIRS[4 * b + 3] * width + PAIRS[4 * b + 2]]
      if (first < second) bits[i * WORDS + (b >> 5)] |= 1 << (b & 31)
    }
  }
  return { points: Float32Array.from(kept), bits }
}

/** The homography from the picture of `a` to that of `b`; `null` where the two do not show one shelf. */
export function register(a: Features, b: Features, tolerance: number): Agreement | null {
  const source: number[] = []
  const target: number[] = []
  const count = b.points.length / 2
  for (let i = 0; i < a.points.length / 2; i++) {
    let [best, next, match] = [Infinity, Infinity, -1]
    for (let j = 0; j < count; j++) {
      let distance = 0
      for (let w = 0; w < WORDS && distance < next; w++) distance += ones(a.bits[i * WORDS + w] ^ b.bits[j * WORDS + w])
      if (distance < best) [best, next, match] = [distance, best, j]
      else if (distance < next) next = distance
    }
    if (match < 0 || best > FARTHEST || !(best < RATIO * next)) continue
    source.push(a.points[2 * i], a.points[2 * i + 1])
    target.push(b.points[2 * match], b.points[2 * match + 1])
  }
  const matches = source.length / 2
  if (matches < MIN_INLIERS) return null
  const found = findHomography(Float64Array.from(source), Float64Array.from(target), tolerance)
  if (!found || found.support < MIN_INLIERS || found.support < MIN_AGREEMENT * matches) return null
  return found
}

/** How many bits of `word` are set. */
function ones(word: number): number {
  word -= (word >>> 1) & 0x55555555
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Each value the mean of the 5 x 5 around it, in place; the rim stays. */
function smooth(values: Float32Array, width: number, height: number): void {
  const rows = values.slice()
  for (let y = 0; y < height; y++)
    for (let x = 2, k = y * width + 2; x < width - 2; x++, k++)
      rows[k] = (values[k - 2] + values[k - 1] + values[k] + values[k + 1] + values[k + 2]) / 5
  for (let y = 2; y < height - 2; y++)
    for (let x = 0, k = y * width; x < width; x++, k++)
      values[k] = (rows[k - 2 * width] + rows[k - width] + rows[k] + rows[k + width] + rows[k + 2 * width]) / 5
}
