/** Area, overlap, clipping and mirroring of boxes: flat arrays of xyxy, 4 numbers a box. */

export type Numbers = Float32Array | Float64Array

const EDGE = 0.01 // of a picture's side

/** Area of box `i`, in square pixels; inverted boxes have area 0. */
export function areaOf(boxes: Numbers, i: number): number {
  const k = 4 * i
  return Math.max(boxes[k + 2] - boxes[k], 0) * Math.max(boxes[k + 3] - boxes[k + 1], 0)
}

/** Areas of all boxes. */
export function areas(boxes: Numbers): Float64Array {
  const out = new Float64Array(boxes.length / 4)
  for (let i = 0; i < out.length; i++) out[i] = areaOf(boxes, i)
  return out
}

/** Intersection area of box `i` of `a` and box `j` of `b`. */
export function overlapOf(a: Numbers, i: number, b: Numbers, j: number): number {
  const p = 4 * i
  const q = 4 * j
  const width = Math.min(a[p + 2], b[q + 2]) - Math.max(a[p], b[q])
  if (width <= 0) return 0
  const height = Math.min(a[p + 3], b[q + 3]) - Math.max(a[p + 1], b[q + 1])
  return height <= 0 ? 0 : width * height
}

/** Pairwise intersection over union: (n, m), a row a box of `a`. Boxes without area overlap nothing. */
export function iou(a: Numbers, b: Numbers): Float64Array {
  const rows = a.length / 4
  const columns = b.length / 4
  const areasA = areas(a)
  const areasB = areas(b)
  const out = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) {
      const shared = overlapOf(a, i, b, j)
      if (shared > 0) out[i * columns + j] = shared / (areasA[i] + areasB[j] - shared)
    }
  return out
}

/** `boxes` limited to a picture of `width` x `height` pixels. */
export function clipBoxes<T extends Numbers>(boxes: T, width: number, height: number): T {
  const out = boxes.slice() as T
  for (let k = 0; k < out.length; k++) out[k] = Math.min(Math.max(out[k], 0), k % 2 ? height : width)
  return out
}

/**
 * Whether each of `boxes` keeps off the border of a picture of `width` x `height` pixels. What comes nearer to it
 * than a hundredth of its side may be cut off.
 */
export function areWhole(boxes: Numbers, width: number, height: number): boolean[] {
  const [x, y] = [EDGE * width, EDGE * height]
  return Array.from(
    { length: boxes.length / 4 },
    (_, i) =>
      boxes[4 * i] > x && boxes[4 * i + 1] > y && boxes[4 * i + 2] < width - x && boxes[4 * i + 3] < height - y,
  )
}

/** `boxes` in a picture `width` pixels wide, left and right exchanged. */
export function mirrorBoxes(boxes: Float32Array, width: number): Float32Array {
  const out = boxes.slice()
  for (let k = 0; k < out.length; k += 4) {
    out[k] = width - boxes[k + 2]
    out[k + 2] = width - boxes[k]
  }
  return out
}
