/** Following points from picture to picture: grey pyramids and optical flow. */

import type { Raster } from './raster'

const LEVELS = 4
const RADIUS = 7 // of the window around a point, in pixels of each level
const STEPS = 12 // of refinement a level, at most
const STILL = 0.03 // pixels; a smaller step ends the refinement
const FLAT = 4 // the least mean square of grey steps in a window that can be followed
const UNLIKE = 22 // the mean difference of grey levels from which on it is not the same place

/** A grey picture. */
export interface Grey {
  width: number
  height: number
  data: Float32Array
}

/** `raster` in grey, averaged over squares so that its longer side is at most about `side` pixels. */
export function greyOf({ width, height, channels, data }: Raster, side: number): { grey: Grey; factor: number } {
  const factor = Math.max(1, Math.round(Math.max(width, height) / side))
  const [w, h] = [Math.floor(width / factor), Math.floor(height / factor)]
  const out = new Float32Array(w * h)
  const part = 1 / (4 * factor * factor)
  for (let y = 0; y < h; y++)
    for (let dy = 0; dy < factor; dy++) {
      let from = (y * factor + dy) * width * channels
      for (let x = 0; x < w; x++) {
        let sum = 0
        for (let dx = 0; dx < factor; dx++, from += channels) sum += data[from] + 2 * data[from + 1] + data[from + 2]
        out[y * w + x] += part * sum
      }
    }
  return { grey: { width: w, height: h, data: out }, factor }
}

/** `grey` and ever smaller copies of it. */
export function pyramidOf(grey: Grey): Grey[] {
  const levels = [grey]
  while (levels.length < LEVELS) levels.push(halved(levels[levels.length - 1]))
  return levels
}

function halved({ width, height, data }: Grey): Grey {
  const [w, h] = [width >> 1, height >> 1]
  const out = new Float32Array(w * h)
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) {
      const k = 2 * y * width + 2 * x
      out[y * w + x] = (data[k] + data[k + 1] + data[k + width] + data[k + width + 1]) / 4
    }
  return { width: w, height: h, data: out }
}

/** Where the points of one picture are in the next one; `found` is 0 for those that were lost. */
export interface Flow {
  points: Float32Array
  found: Uint8Array
}

/**
 * Follow `points` (x, y one after the other) by Lucas and Kanade's method in pyramids (Bouguet 2000).
 *
 * @param guess (x, y) that they have moved by, roughly.
 */
export function follow(before: Grey[], after: Grey[], points: Float32Array, guess: [number, number]): Flow {
  const count = points.length / 2
  const flow: Flow = { points: new Float32Array(2 * count), found: new Uint8Array(count) }
  const window = new Window()
  for (let i = 0; i < count; i++) {
    const [x, y] = [points[2 * i], points[2 * i + 1]]
    let [dx, dy] = guess
    let found = true
    for (let level = before.length - 1; level >= 0; level--) {
      const scale = 1 / (1 << level)
      // The middle of a pixel of a smaller picture lies between those of the larger one.
      const at = (value: number) => (value + 0.5) * scale - 0.5
      const moved = window.match(before[level], after[level], at(x), at(y), dx * scale, dy * scale)
      if (moved) [dx, dy] = [moved[0] / scale, moved[1] / scale]
      else if (level === 0) found = false
    }
    const [toX, toY] = [x + dx, y + dy]
    const { width, height } = after[0]
    flow.points[2 * i] = toX
    flow.points[2 * i + 1] = toY
    const inside = toX >= 0 && toY >= 0 && toX < width && toY < height
    flow.found[i] = found && inside && window.difference <= UNLIKE ? 1 : 0
  }
  return flow
}

/** The surroundings of one point. */
class Window {
  difference = 0 // mean of grey levels after the last match
  private readonly side = 2 * RADIUS + 1
  private readonly patch = new Float32Array((this.side + 2) ** 2)
  private readonly moved = new Float32Array((this.side + 2) ** 2)
  private readonly across = new Float32Array(this.side ** 2)
  private readonly down = new Float32Array(this.side ** 2)

  match(before: Grey, after: Grey, x: number, y: number, dx: number, dy: number): [number, number] | null {
    const { side, patch, moved, across, down } = this
    const wide = side + 2
    if (!sample(before, x, y, RADIUS + 1, patch)) return null
    let [xx, xy, yy] = [0, 0, 0]
    for (let r = 0, k = 0; r < side; r++)
      for (let c = 0; c < side; c++, k++) {
        const p = (r + 1) * wide + c + 1
        const gx = (patch[p + 1] - patch[p - 1]) / 2
        const gy = (patch[p + wide] - patch[p - wide]) / 2
        across[k] = gx
        down[k] = gy
        xx += gx * gx
        xy += gx * gy
        yy += gy * gy
      }
    const area = side * side
    const least = (xx + yy - Math.hypot(xx - yy, 2 * xy)) / 2
    if (least < FLAT * area * 0.25) return null
    const determinant = xx * yy - xy * xy
    for (let step = 0; step < STEPS; step++) {
      if (!sample(after, x + dx, y + dy, RADIUS, moved)) return null
      let [bx, by, sum] = [0, 0, 0]
      for (let r = 0, k = 0; r < side; r++)
        for (let c = 0; c < side; c++, k++) {
          const difference = patch[(r + 1) * wide + c + 1] - moved[k]
          bx += difference * across[k]
          by += difference * down[k]
          sum += Math.abs(difference)
        }
      this.difference = sum / area
      const stepX = (yy * bx - xy * by) / determinant
      const stepY = (xx * by - xy * bx) / determinant
      dx += stepX
      dy += stepY
      if (Math.abs(stepX) < STILL && Math.abs(stepY) < STILL) break
    }
    return [dx, dy]
  }
}

/** The square around (x, y), between the pixels; false where it leaves the picture. */
function sample({ width, height, data }: Grey, x: number, y: number, radius: number, out: Float32Array): boolean {
  const left = Math.floor(x) - radius
  const top = Math.floor(y) - radius
  const side = 2 * radius + 1
  if (!(left >= 0 && top >= 0 && left + side < width && top + side < height)) return false
  const u = x - Math.floor(x)
  const v = y - Math.floor(y)
  const [a, b, c, d] = [(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v]
  for (let r = 0, k = 0; r < side; r++) {
    let p = (top + r) * width + left
    for (let q = 0; q < side; q++, p++, k++)
      out[k] = a * data[p] + b * data[p + 1] + c * data[p + width] + d * data[p + width + 1]
  }
  return true
}

/** How far the picture moved, (x, y) in pixels: coarse, for large steps, by laying small ones over each other. */
export function shiftOf(before: Grey[], after: Grey[]): [number, number] {
  const level = 2
  const [a, b] = [before[level], after[level]]
  const [reachX, reachY] = [Math.floor(a.width * 0.4), Math.floor(a.height * 0.4)]
  let best = Infinity
  let shift: [number, number] = [0, 0]
  for (let dy = -reachY; dy <= reachY; dy++)
    for (let dx = -reachX; dx <= reachX; dx++) {
      let sum = 0
      let count = 0
      for (let y = Math.max(0, -dy); y < Math.min(a.height, a.height - dy); y += 2)
        for (let x = Math.max(0, -dx); x < Math.min(a.width, a.width - dx); x++, count++)
          sum += Math.abs(a.data[y * a.width + x] - b.data[(y + dy) * a.width + x + dx])
      if (sum / count < best) [best, shift] = [sum / count, [dx * (1 << level), dy * (1 << level)]]
    }
  return shift
}
