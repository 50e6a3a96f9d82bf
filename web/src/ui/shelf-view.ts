/** How a picture with facings lies on its canvas, and which facing is where. */

import type { Quad } from '../core'

export interface Spot {
  number: number // of the facing in its audit
  box: Quad
  color: string
  label: string // drawn when it fits
  spoken: string // read out when it is chosen
}

export const FURTHEST = 8 // times the whole picture

export interface View {
  scale: number // 1: the whole picture
  x: number // the picture's point in the middle, 0 to 1
  y: number
}

export const WHOLE: View = { scale: 1, x: 0.5, y: 0.5 }

/** `view` such that the picture fills the canvas as far as it can. */
export function bounded(view: View): View {
  const scale = Math.min(FURTHEST, Math.max(1, view.scale))
  const half = 0.5 / scale
  const within = (at: number): number => Math.min(1 - half, Math.max(half, at))
  return { scale, x: within(view.x), y: within(view.y) }
}

/** The place among `count` spots that an arrow key by `step` leads to from `at`; where none is chosen (-1), back to `last`. */
export function placeAfter(at: number, step: number, count: number, last: number): number {
  return Math.min(count - 1, Math.max(0, at < 0 ? last : at + step))
}

/** The spot at (x, y) in pixels of the picture, the smallest of several; or the nearest within `reach`. */
export function spotAt(spots: readonly Spot[], x: number, y: number, reach: number): Spot | null {
  let best: Spot | null = null
  let least = Infinity
  for (const spot of spots) {
    const [left, top, right, bottom] = spot.box
    const beside = Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom))
    if (beside > reach) continue
    const rank = beside > 0 ? 1e12 + beside : (right - left) * (bottom - top)
    if (rank < least) [best, least] = [spot, rank]
  }
  return best
}
