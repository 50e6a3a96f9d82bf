import type { Detections } from './detections'

export declare function assignRows(found: Detections): Detections
