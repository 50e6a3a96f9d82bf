/** How likely a box is a facing, given its score. */

import { interpolate } from './numbers'

/** Mean scores of boxes, and the part of them that are facings; linear in between. As in Python, a retrained model is taken to be alike. */
export const CERTAINTY = {
  scores: [0.0, 0.07, 0.144, 0.248, 0.348, 0.45, 0.553, 0.656, 0.753, 0.824, 1.0],
  facings: [0.0, 0.016, 0.045, 0.092, 0.228, 0.404, 0.676, 0.91, 0.984, 0.998, 1.0],
}

/** Probability that a box of `score` is a facing. */
export function facingProbability(score: number): number {
  return interpolate(score, CERTAINTY.scores, CERTAINTY.facings)
}
