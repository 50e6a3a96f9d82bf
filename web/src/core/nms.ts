/** Greedy non-maximum suppression. */

import { areaOf, type Numbers, overlapOf } from './boxes'

/** Numbers of `scores`, the greatest first; equal ones keep their order. */
export function byScore(scores: ArrayLike<number>): Int32Array {
  return Int32Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b)
}

/**
 * Numbers of the boxes that class-agnostic non-maximum suppression keeps, best score first.
 *
 * A box goes when its IoU with a kept one is above `threshold`; equal scores keep their order.
 */
export function nms(boxes: Numbers, scores: ArrayLike<number>, threshold: number, most = Infinity): number[] {
  const order = byScore(scores)
  const sizes = Float64Array.from(order, (i) => areaOf(boxes, i))
  const gone = new Uint8Array(order.length)
  const keep: number[] = []
  for (let i = 0; i < order.length && keep.length < most; i++) {
    if (gone[i]) continue
    keep.push(order[i])
    for (let j = i + 1; j < order.length; j++) {
      if (gone[j]) continue
      const shared = overlapOf(boxes, order[i], boxes, order[j])
      if (shared > threshold * (sizes[i] + sizes[j] - shared)) gone[j] = 1
    }
  }
  return keep
}
