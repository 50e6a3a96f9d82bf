/** Laying one picture of a shelf over another: the homography between the two. */

import type { Numbers } from './boxes'

/** 3 x 3, row by row. */
export type Homography = Float64Array

const MAX_STRETCH = 3 // in size, from picture to picture; beyond it the match is a mistake
const ROUNDS = 300 // of drawing four points by chance

export function identity(): Homography {
  return Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1])
}

export function scaling(factor: number): Homography {
  return Float64Array.from([factor, 0, 0, 0, factor, 0, 0, 0, 1])
}

/** First `b`, then `a`. */
export function multiply(a: Homography, b: Homography): Homography {
  const out = new Float64Array(9)
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++)
      for (let k = 0; k < 3; k++) out[3 * i + j] += a[3 * i + k] * b[3 * k + j]
  return out
}

export function inverse(h: Homography): Homography {
  const cofactor = (i: number, j: number) => {
    const at = (r: number, c: number) => h[3 * ((i + r) % 3) + ((j + c) % 3)]
    return at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)
  }
  const determinant = h[0] * cofactor(0, 0) + h[1] * cofactor(0, 1) + h[2] * cofactor(0, 2)
  return Float64Array.from({ length: 9 }, (_, k) => cofactor(k % 3, Math.floor(k / 3)) / determinant)
}

/** Points (x, y one after the other) through `h`. */
export function movePoints(points: Numbers, h: Homography): Float64Array {
  const out = new Float64Array(points.length)
  for (let k = 0; k < out.length; k += 2) {
    const [x, y] = [points[k], points[k + 1]]
    const depth = h[6] * x + h[7] * y + h[8]
    out[k] = (h[0] * x + h[1] * y + h[2]) / depth
    out[k + 1] = (h[3] * x + h[4] * y + h[5]) / depth
  }
  return out
}

/** Upright boxes (xyxy) in the middle of where `h` puts `boxes`, whichever corner of one comes to lie where. */
export function moveBoxes(boxes: Numbers, h: Homography): Float64Array {
  const out = new Float64Array(boxes.length)
  for (let k = 0; k < out.length; k += 4) {
    const quad = movePoints(corners(boxes[k], boxes[k + 1], boxes[k + 2], boxes[k + 3]), h)
    for (let axis = 0; axis < 2; axis++) {
      const at = Float64Array.of(quad[axis], quad[axis + 2], quad[axis + 4], quad[axis + 6]).sort()
      out[k + axis] = (at[0] + at[1]) / 2
      out[k + axis + 2] = (at[2] + at[3]) / 2
    }
  }
  return out
}

/** The share of a picture of `size` (w, h) that `h` puts within one of size `other`. */
export function overlapShare(h: Homography, size: [number, number], other: [number, number]): number {
  const quad = movePoints(corners(0, 0, ...size), h)
  const whole = Math.abs(signedArea(quad))
  if (!quad.every(Number.isFinite) || !(whole > 0)) return 0
  // Sutherland and Hodgman's clipping by the four sides of the other picture.
  let shape = Array.from({ length: 4 }, (_, i) => [quad[2 * i], quad[2 * i + 1]])
  for (const [axis, limit, sign] of [
    [0, 0, 1],
    [0, other[0], -1],
    [1, 0, 1],
    [1, other[1], -1],
  ]) {
    const inside = (p: number[]) => sign * (p[axis] - limit)
    shape = shape.flatMap((p, i) => {
      const before = shape[(i + shape.length - 1) % shape.length]
      const [here, there] = [inside(p), inside(before)]
      const part = there / (there - here)
      const crossing = here >= 0 !== there >= 0 ? [before.map((v, k) => v + part * (p[k] - v))] : []
      return here >= 0 ? [...crossing, p] : crossing
    })
  }
  return Math.abs(signedArea(Float64Array.from(shape.flat()))) / whole
}

/** What `findHomography` found: which points agree, and how many. */
export interface Agreement {
  homography: Homography
  agree: Uint8Array
  support: number
}

/**
 * The homography from points `source` to `target` (x, y one after the other) by RANSAC; `null` where there is
 * none, or one that no camera in front of a shelf makes.
 *
 * @param tolerance pixels of the target within which points agree.
 */
export function findHomography(source: Numbers, target: Numbers, tolerance: number): Agreement | null {
  const count = source.length / 2
  if (count < 4) return null
  const random = randomNumbers(count)
  let best: Agreement | null = null
  for (let round = 0, rounds = ROUNDS; round < rounds; round++) {
    const drawn = new Set<number>()
    while (drawn.size < 4) drawn.add(Math.floor(random() * count))
    const h = solve(source, target, [...drawn])
    const found = h && agreement(source, target, h, tolerance)
    if (!found || found.support <= (best?.support ?? 3)) continue
    best = found
    // So many rounds find, with a certainty of 99.5 %, four points that all agree.
    const good = Math.min((found.support / count) ** 4, 1 - 1e-9)
    rounds = Math.min(rounds, Math.ceil(Math.log(0.005) / Math.log(1 - good)))
  }
  for (let round = 0; best && round < 3; round++) {
    const agreeing = [...best.agree.keys()].filter((i) => best!.agree[i])
    const h = solve(source, target, agreeing)
    const found = h && agreement(source, target, h, tolerance)
    if (!found || found.support < best.support) break
    best = found
  }
  return best && isPlausible(best, source) ? best : null
}

function agreement(source: Numbers, target: Numbers, homography: Homography, tolerance: number): Agreement {
  const count = source.length / 2
  const agree = new Uint8Array(count)
  const moved = movePoints(source, homography)
  let support = 0
  for (let i = 0; i < count; i++) {
    const far = (moved[2 * i] - target[2 * i]) ** 2 + (moved[2 * i + 1] - target[2 * i + 1]) ** 2
    if (far <= tolerance ** 2) agree[i] = ++support && 1
  }
  return { homography, agree, support }
}

/** Whether it neither mirrors nor stretches beyond reason where the agreeing points lie. */
function isPlausible({ homography: h, agree }: Agreement, source: Numbers): boolean {
  const low = [Infinity, Infinity]
  const high = [-Infinity, -Infinity]
  agree.forEach((agrees, i) => {
    for (let k = 0; agrees && k < 2; k++) {
      low[k] = Math.min(low[k], source[2 * i + k])
      high[k] = Math.max(high[k], source[2 * i + k])
    }
  })
  const quad = corners(low[0], low[1], high[0], high[1])
  for (let k = 0; k < 8; k += 2) if (!((h[6] * quad[k] + h[7] * quad[k + 1] + h[8]) * h[8] > 0)) return false
  const ratio = signedArea(movePoints(quad, h)) / signedArea(quad)
  return ratio > 1 / MAX_STRETCH ** 2 && ratio < MAX_STRETCH ** 2
}

/** The homography of the points at `chosen`, of least squares where they are more than four. */
function solve(source: Numbers, target: Numbers, chosen: number[]): Homography | null {
  const [from, to] = [unit(source, chosen), unit(target, chosen)]
  if (!from || !to) return null
  // Normal equations of the eight unknowns, the last entry being 1.
  const normal = Array.from({ length: 8 }, () => new Float64Array(9))
  const add = (row: number[]) => {
    for (let i = 0; i < 8; i++) for (let j = 0; j < 9; j++) normal[i][j] += row[i] * row[j]
  }
  for (const i of chosen) {
    const x = (source[2 * i] - from.x) * from.scale
    const y = (source[2 * i + 1] - from.y) * from.scale
    const u = (target[2 * i] - to.x) * to.scale
    const v = (target[2 * i + 1] - to.y) * to.scale
    add([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
    add([0, 0, 0, x, y, 1, -v * x, -v * y, v])
  }
  const solved = eliminate(normal)
  if (!solved) return null
  const into = Float64Array.from([from.scale, 0, -from.scale * from.x, 0, from.scale, -from.scale * from.y, 0, 0, 1])
  const back = Float64Array.from([1 / to.scale, 0, to.x, 0, 1 / to.scale, to.y, 0, 0, 1])
  const h = multiply(back, multiply(Float64Array.from([...solved, 1]), into))
  return h.every(Number.isFinite) && h[8] ? h.map((value) => value / h[8]) : null
}

/** Where points lie and how far apart, so that equations in them are well conditioned. */
function unit(points: Numbers, chosen: number[]): { x: number; y: number; scale: number } | null {
  let [x, y] = [0, 0]
  for (const i of chosen) [x, y] = [x + points[2 * i] / chosen.length, y + points[2 * i + 1] / chosen.length]
  let spread = 0
  for (const i of chosen) spread += Math.hypot(points[2 * i] - x, points[2 * i + 1] - y) / chosen.length
  return spread > 1e-6 ? { x, y, scale: Math.SQRT2 / spread } : null
}

/** The solution of linear equations (n rows of n + 1) by Gauss with pivots. */
function eliminate(rows: Float64Array[]): number[] | null {
  const n = rows.length
  for (let k = 0; k < n; k++) {
    let pivot = k
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[pivot][k])) pivot = i
    if (!(Math.abs(rows[pivot][k]) > 1e-10)) return null
    ;[rows[k], rows[pivot]] = [rows[pivot], rows[k]]
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i][k] / rows[k][k]
      for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j]
    }
  }
  const out = new Array<number>(n).fill(0)
  for (let k = n - 1; k >= 0; k--) {
    let value = rows[k][n]
    for (let j = k + 1; j < n; j++) value -= rows[k][j] * out[j]
    out[k] = value / rows[k][k]
  }
  return out
}

function corners(left: number, top: number, right: number, foot: number): Float64Array {
  return Float64Array.from([left, top, right, top, right, foot, left, foot])
}

function signedArea(points: Numbers): number {
  let sum = 0
  for (let k = 0; k < points.length; k += 2) {
    const next = (k + 2) % points.length
    sum += points[k] * points[next + 1] - points[next] * points[k + 1]
  }
  return sum / 2
}

/** Numbers from 0 to 1 that are the same on every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
