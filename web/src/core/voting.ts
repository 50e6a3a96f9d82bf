/** Placing and rating boxes by all that was seen of them, not by the best single look. */

import { areas, overlapOf } from './boxes'
import { byScore, nms } from './nms'

const SPREAD = 0.025 // of (1 - IoU)^2: how fast a candidate that overlaps less loses its say
const SAME = 0.6 // IoU from which two boxes are taken for two looks at one object

/** Boxes, scores and classes of one look, or of several joined. */
export interface Look {
  boxes: Float32Array
  scores: Float32Array
  classIds: Int32Array
}

/**
 * Move each of `boxes` to the mean of the `candidates` in its place, weighted by score and nearness
 * (He et al. 2019, arXiv:1809.08545, after Gidaris and Komodakis 2015). Each box is a candidate itself.
 */
export function vote(boxes: Float32Array, candidates: Float32Array, scores: ArrayLike<number>): Float32Array {
  const out = new Float32Array(boxes.length)
  const boxAreas = areas(boxes)
  const sizes = areas(candidates)
  const count = sizes.length
  const low = [Infinity, Infinity, Infinity, Infinity]
  const high = [-Infinity, -Infinity, -Infinity, -Infinity]
  for (let k = 0; k < candidates.length; k++) {
    low[k % 4] = Math.min(low[k % 4], candidates[k])
    high[k % 4] = Math.max(high[k % 4], candidates[k])
  }
  for (let i = 0; i < boxAreas.length; i++) {
    const sum = [0, 0, 0, 0]
    let total = 0
    for (let j = 0; j < count; j++) {
      const shared = overlapOf(boxes, i, candidates, j)
      const union = boxAreas[i] + sizes[j] - shared
      const near = union > 0 ? shared / union : 0
      if (near < SAME) continue
      const weight = Math.max(scores[j], 1e-6) * Math.exp(-((1 - near) ** 2) / SPREAD)
      total += weight
      for (let k = 0; k < 4; k++) sum[k] += weight * candidates[4 * j + k]
    }
    // Rounding may step over the edge of what was seen.
    for (let k = 0; k < 4; k++)
      out[4 * i + k] = total > 0 ? Math.min(Math.max(sum[k] / total, low[k]), high[k]) : boxes[4 * i + k]
  }
  return out
}

/** All looks one after the other. */
export function joinLooks(looks: Look[]): Look {
  const count = looks.reduce((sum, look) => sum + look.scores.length, 0)
  const out = {
    boxes: new Float32Array(4 * count),
    scores: new Float32Array(count),
    classIds: new Int32Array(count),
  }
  let at = 0
  for (const look of looks) {
    out.boxes.set(look.boxes, 4 * at)
    out.scores.set(look.scores, at)
    out.classIds.set(look.classIds, at)
    at += look.scores.length
  }
  return out
}

/** The entries of `look` at `indices`. */
export function pickLook(look: Look, indices: ArrayLike<number>): Look {
  const count = indices.length
  const boxes = new Float32Array(4 * count)
  for (let i = 0; i < count; i++) boxes.set(look.boxes.subarray(4 * indices[i], 4 * indices[i] + 4), 4 * i)
  return {
    boxes,
    scores: Float32Array.from(indices, (i) => look.scores[i]),
    classIds: Int32Array.from(indices, (i) => look.classIds[i]),
  }
}

/**
 * Join what several views of one picture (other sizes, mirrored) showed.
 *
 * An object's box is voted over all views, and its score is the mean over the views, 0 for one that
 * missed it. Best first.
 */
export function mergeViews(views: Look[], threshold: number): Look {
  const joined = joinLooks(views)
  const kept = pickLook(joined, nms(joined.boxes, joined.scores, threshold))
  const count = kept.scores.length
  const keptAreas = areas(kept.boxes)
  const sizes = areas(joined.boxes)
  const means = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    let j = 0
    for (const view of views) {
      let best = 0
      for (const end = j + view.scores.length; j < end; j++) {
        if (joined.scores[j] <= best) continue
        const shared = overlapOf(kept.boxes, i, joined.boxes, j)
        const union = keptAreas[i] + sizes[j] - shared
        if (union > 0 && shared / union >= SAME) best = joined.scores[j]
      }
      means[i] += Math.fround(best / views.length) // rounded as NumPy does: scores that are equal stay equal
    }
  }
  const voted = { ...kept, boxes: vote(kept.boxes, joined.boxes, joined.scores), scores: means }
  return pickLook(voted, byScore(means))
}
