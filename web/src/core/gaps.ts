import type { Detections } from './detections'

/** Empty places: boxes xyxy (4 * count), their rows, and how many facings would fit. */
export interface Gaps {
  count: number
  boxes: Float32Array
  rowIds: Int32Array
  facings: Int32Array
}
export declare function findGaps(found: Detections, doubtful?: Float32Array): Gaps
