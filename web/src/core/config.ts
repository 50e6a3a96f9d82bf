/** What `bundle.json` and a detector's configuration say; written by `skushare export`. */

export type Quad = [number, number, number, number]

/** Prior boxes of every feature map; `unit` tells what their sizes count. */
export interface AnchorConfig {
  sizes: [number, number][][] // for each feature map, (width, height) of every anchor of a cell
  unit: 'image' | 'cell'
}

/** The parts of Python's `DetectorConfig` that running a detector needs; the names are Python's. */
export interface DetectorConfig {
  preset: string
  input_size: number
  resize: 'stretch' | 'fit'
  labels: string[]
  taps: string[]
  anchors: AnchorConfig
  background: boolean
  coder: Quad // scale factors of ty, tx, th, tw
  nms_iou: number
  max_detections: number
  photo_size: number
  live_size: number
  facing_size: number
  photo_views: [number, boolean][]
  min_score: number
  live_min_score: number
}

export interface DetectorDescription {
  tfjs: string
  litert?: string
  precision: string
  digest: string
  inputs: { image: string }
  outputs: { class_logits: string; box_codes: string }
  config: DetectorConfig
}

export interface EmbedderDescription {
  tfjs: string
  litert?: string
  digest: string
  size: number
  dimensions: number
  scale: number // with `middle`: how sure a match of some similarity is
  middle: number
  likeness: number // similarity from which two facings count as one look
  input: string
  output: string
}

export interface FileDescription {
  sha256: string
  bytes: number
}

/** `bundle.json`. */
export interface BundleDescription {
  format: string
  version: string
  created: string
  skushare: string
  name: string
  licence: string
  detector: DetectorDescription
  embedder: EmbedderDescription | null
  gallery: string | null
  golden: string | null
  files: Record<string, FileDescription>
}
