import type { EmbedderDescription } from './config'
import type { Detections } from './detections'
import type { Gallery } from './gallery'

/** `looks`: the number of each look's most typical facing, the most frequent look first. */
export interface Naming {
  detections: Detections
  brands: string[]
  looks: number[]
}
export declare function nameFacings(
  found: Detections,
  embeddings: Float32Array,
  embedder: EmbedderDescription,
  gallery: Gallery | null,
  byLook: boolean,
): Naming
