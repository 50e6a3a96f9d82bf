/** The one type that flows through the app: what was found in one picture. */

/**
 * Facings found in one picture; the empty one is a legal value everywhere.
 *
 * Boxes are xyxy (left, top, right, bottom) in pixels of the source picture; right and bottom are
 * exclusive. The optional columns are absent before the step that sets them has run; a negative id
 * stands for none or unknown.
 */
export interface Detections {
  count: number
  boxes: Float32Array // 4 * count
  scores: Float32Array
  classIds: Int32Array
  rowIds?: Int32Array
  trackIds?: Int32Array
  brandIds?: Int32Array
  skuIds?: Int32Array
  brandScores?: Float32Array // 0 to 1, how sure the brand is
}

const COLUMNS = ['rowIds', 'trackIds', 'brandIds', 'skuIds', 'brandScores'] as const

/** Detections of `boxes` (4 * n), by default of class 0. */
export function makeDetections(
  boxes: ArrayLike<number>,
  scores: ArrayLike<number>,
  classIds?: ArrayLike<number>,
): Detections {
  const count = scores.length
  if (boxes.length !== 4 * count || (classIds && classIds.length !== count))
    throw new RangeError(`${boxes.length / 4} boxes for ${count} scores`)
  return {
    count,
    boxes: Float32Array.from(boxes),
    scores: Float32Array.from(scores),
    classIds: classIds ? Int32Array.from(classIds) : new Int32Array(count),
  }
}

/** The detections at `indices`, in that order. */
export function selectDetections(found: Detections, indices: ArrayLike<number>): Detections {
  const count = indices.length
  const boxes = new Float32Array(4 * count)
  for (let i = 0; i < count; i++) {
    const from = 4 * indices[i]
    for (let k = 0; k < 4; k++) boxes[4 * i + k] = found.boxes[from + k]
  }
  const pick = <T extends Float32Array | Int32Array>(column: T): T => {
    const out = new (column.constructor as new (n: number) => T)(count)
    for (let i = 0; i < count; i++) out[i] = column[indices[i]]
    return out
  }
  const out: Detections = { count, boxes, scores: pick(found.scores), classIds: pick(found.classIds) }
  for (const name of COLUMNS) {
    const column = found[name]
    if (column) Object.assign(out, { [name]: pick(column) })
  }
  return out
}

/** The numbers of the detections that `wanted` accepts. */
export function indicesWhere(count: number, wanted: (index: number) => boolean): number[] {
  const indices: number[] = []
  for (let i = 0; i < count; i++) if (wanted(i)) indices.push(i)
  return indices
}
