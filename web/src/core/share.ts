import type { Detections } from './detections'

export interface ShareRow {
  name: string
  facings: number
  share: number
  margin: number
  linear: number
  linearMargin: number
  area: number
  areaMargin: number
}
export interface ShareOptions {
  labels?: readonly string[]
  brands?: readonly string[]
  own?: readonly string[]
}
export declare function shareOfShelf(found: Detections, options: ShareOptions): ShareRow[]
export declare function shareOfShelves(photos: Detections[], options: ShareOptions): ShareRow[]
export declare function shareByRow(found: Detections, options: ShareOptions): (ShareRow & { row: number })[]
