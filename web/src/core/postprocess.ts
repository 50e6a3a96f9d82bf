/** From raw heads to facings: scores, decode, NMS, back to picture pixels. */

import type { DetectorConfig, Quad } from './config'
import { nms } from './nms'
import { type Look, pickLook, vote } from './voting'

const CANDIDATES = 2000 // best-scored anchors that enter NMS; far above any shelf's facings
const EPSILON = 1e-8
const MAX_LOG_SIZE = Math.log(1000) // keeps exp() finite while an untrained head still guesses

/** The raw outputs of the network for one input. */
export interface Heads {
  classLogits: Float32Array // anchors * columns
  boxCodes: Float32Array // anchors * 4
}

/**
 * The box (xyxy in input pixels) that the code of anchor `i` stands for, as Faster R-CNN codes boxes:
 * ty, tx, th, tw, each times its scale factor (Ren et al. 2015, eq. 2).
 */
export function decodeBox(
  codes: Float32Array,
  anchors: Float32Array,
  i: number,
  [ty, tx, th, tw]: Quad,
  out: Float32Array,
  at: number,
): void {
  const k = 4 * i
  const width = anchors[k + 2] - anchors[k] + EPSILON
  const height = anchors[k + 3] - anchors[k + 1] + EPSILON
  const x = (anchors[k] + anchors[k + 2]) / 2 + (codes[k + 1] / tx) * width
  const y = (anchors[k + 1] + anchors[k + 3]) / 2 + (codes[k] / ty) * height
  const halfWidth = (Math.exp(limit(codes[k + 3] / tw)) * width) / 2
  const halfHeight = (Math.exp(limit(codes[k + 2] / th)) * height) / 2
  out[at] = x - halfWidth
  out[at + 1] = y - halfHeight
  out[at + 2] = x + halfWidth
  out[at + 3] = y + halfHeight
}

function limit(value: number): number {
  return Math.min(Math.max(value, -MAX_LOG_SIZE), MAX_LOG_SIZE)
}

/**
 * Facings of one picture, best first.
 *
 * @param anchors of the input, see `detectorAnchors`.
 * @param minScore boxes scored lower are dropped before NMS.
 * @param most boxes kept at most.
 * @param scale (x, y), input pixels a picture pixel.
 * @param width, height of the picture in pixels; boxes are clipped to it.
 */
export function postprocess(
  config: DetectorConfig,
  anchors: Float32Array,
  heads: Heads,
  minScore: number,
  most: number,
  scale: [number, number],
  width: number,
  height: number,
): Look {
  const count = anchors.length / 4
  const { classLogits, boxCodes } = heads
  const columns = classLogits.length / count
  const first = config.background ? 1 : 0
  // Thresholding logits spares the sigmoid of thousands of background anchors.
  const floor = minScore <= 0 ? -Infinity : minScore >= 1 ? Infinity : Math.log(minScore / (1 - minScore))
  let chosen: number[] = []
  const best = new Float32Array(count)
  const classes = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    let column = first
    for (let c = first + 1; c < columns; c++)
      if (classLogits[i * columns + c] > classLogits[i * columns + column]) column = c
    best[i] = classLogits[i * columns + column]
    classes[i] = column - first
    if (best[i] >= floor) chosen.push(i)
  }
  if (chosen.length > CANDIDATES)
    chosen = chosen.sort((a, b) => best[b] - best[a]).slice(0, CANDIDATES).sort((a, b) => a - b)
  const boxes = new Float32Array(4 * chosen.length)
  const solid: number[] = []
  chosen.forEach((anchor, i) => {
    const k = 4 * i
    decodeBox(boxCodes, anchors, anchor, config.coder, boxes, k)
    for (let c = 0; c < 4; c++)
      boxes[k + c] = Math.min(Math.max(boxes[k + c] / scale[c % 2], 0), c % 2 ? height : width)
    if (boxes[k + 2] - boxes[k] >= 1 && boxes[k + 3] - boxes[k + 1] >= 1) solid.push(i)
  })
  const candidates = pickLook(
    {
      boxes,
      scores: Float32Array.from(chosen, (anchor) => 1 / (1 + Math.exp(-best[anchor]))),
      classIds: Int32Array.from(chosen, (anchor) => classes[anchor]),
    },
    solid,
  )
  // Class-agnostic: one place on a shelf holds one facing, whatever it is called.
  const kept = pickLook(candidates, nms(candidates.boxes, candidates.scores, config.nms_iou, most))
  return { ...kept, boxes: vote(kept.boxes, candidates.boxes, candidates.scores) }
}
