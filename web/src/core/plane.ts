/** A shelf's front seen straight on, worked out from the boxes on it. */

import type { Numbers } from './boxes'
import { mean, median } from './numbers'

const ROUNDS = 12 // of reweighting; it settles in about eight
const TOLERANCE = 0.06 // of a facing's height: how far apart the feet of neighbours on one board are
const STEEPEST = 0.9 // of convergence over the picture's width

/**
 * How boards run through a photo: their tilt, and how they converge where it was taken askew.
 *
 * With u = (x - middle) / span, a board is the line y = Y + (slope + convergence * Y) * u, and a point of
 * the shelf's front lies at X = u / (1 + convergence * u), Y = (y - slope * u) / (1 + convergence * u):
 * the projective map that keeps uprights (Hartley and Zisserman, Multiple View Geometry, chapter 2).
 */
export class ShelfPlane {
  constructor(
    readonly middle = 0, // pixels of the photo, as `span`
    readonly span = 1,
    readonly slope = 0, // pixels that a board at y = 0 falls over `span`
    readonly convergence = 0, // by how much of its height a row grows over `span`
  ) {}

  /**
   * The plane of `boxes`, from the feet of neighbours side by side, by robust regression (Cauchy weights):
   * most neighbours stand on one board. Too few neighbours give the photo as it is.
   */
  static fit(boxes: Numbers): ShelfPlane {
    const n = boxes.length / 4
    if (!n) return new ShelfPlane()
    const column = (of: (k: number) => number) => Float64Array.from({ length: n }, (_, i) => of(4 * i))
    const x = column((k) => (boxes[k] + boxes[k + 2]) / 2)
    const height = column((k) => Math.abs(boxes[k + 3] - boxes[k + 1]))
    const width = column((k) => Math.abs(boxes[k + 2] - boxes[k]))
    const foot = column((k) => boxes[k + 3])
    const middle = mean(x)
    const span = Math.max(Math.max(...x) - Math.min(...x), 1)
    const u = x.map((value) => (value - middle) / span)
    const pairs: [number, number][] = []
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        if (!(u[j] > u[i])) continue
        const shared = Math.min(foot[i], foot[j]) - Math.max(boxes[4 * i + 1], boxes[4 * j + 1])
        if (!(2 * shared > Math.min(height[i], height[j]))) continue
        const apart = boxes[4 * j] - boxes[4 * i + 2]
        const narrow = Math.min(width[i], width[j])
        if (-narrow < 2 * apart && apart < 2 * narrow) pairs.push([i, j])
      }
    if (pairs.length < 4) return new ShelfPlane(middle, span)
    const run = pairs.map(([i, j]) => u[j] - u[i])
    const fall = pairs.map(([i, j]) => foot[j] - foot[i])
    const size = pairs.map(([i, j]) => Math.min(height[i], height[j]))
    let slope = 0
    let convergence = 0
    const usual = median(fall.map((value, k) => value / run[k]))
    let residual = fall.map((value, k) => value - usual * run[k])
    for (let round = 0; round < ROUNDS; round++) {
      const flat = foot.map((value, i) => (value - slope * u[i]) / (1 + convergence * u[i]))
      const level = pairs.map(([i, j]) => (flat[i] + flat[j]) / 2)
      const average = mean(level)
      let a = 1e-6
      let b = 0
      let c = 0
      let first = 0
      let second = 0
      for (let k = 0; k < pairs.length; k++) {
        const weight = 1 / (1 + (residual[k] / (TOLERANCE * size[k])) ** 2) / size[k]
        const lean = run[k] * (level[k] - average)
        a += run[k] * run[k] * weight
        b += run[k] * lean * weight
        c += lean * lean * weight
        first += run[k] * weight * fall[k]
        second += lean * weight * fall[k]
      }
      c += 1e-3 * c + 1e-9 // a touch of ridge: boards of a photo without perspective stay parallel
      const determinant = a * c - b * b
      const steep = (first * c - second * b) / determinant
      convergence = Math.min(Math.max((a * second - b * first) / determinant, -STEEPEST), STEEPEST)
      slope = steep - convergence * average
      residual = fall.map((value, k) => value - (slope + convergence * level[k]) * run[k])
    }
    return new ShelfPlane(middle, span, slope, convergence)
  }

  /** `boxes` of the photo as they lie on the shelf's front; a pixel is one of the photo at `middle`. */
  straighten(boxes: Numbers): Float64Array {
    const out = new Float64Array(boxes.length)
    for (let k = 0; k < out.length; k += 4) {
      const left = (boxes[k] - this.middle) / this.span
      const right = (boxes[k + 2] - this.middle) / this.span
      const u = (left + right) / 2
      out[k] = this.middle + (this.span * left) / this.scale(left)
      out[k + 1] = (boxes[k + 1] - this.slope * u) / this.scale(u)
      out[k + 2] = this.middle + (this.span * right) / this.scale(right)
      out[k + 3] = (boxes[k + 3] - this.slope * u) / this.scale(u)
    }
    return out
  }

  private scale(u: number): number {
    return Math.max(1 + this.convergence * u, 0.05)
  }
}
