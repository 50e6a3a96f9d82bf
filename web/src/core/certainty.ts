/** How likely a box is a facing, given its score. */

import { interpolate } from './numbers'

/** Mean scores of boxes, and the part of them that are facings; linear in between. As in Python, a retrained model is taken to be alike. */
export const CERTAINTY = {
  scores: [0.0, 0.07, 0.144, 0.245, 0.347, 0.449, 0.553, 0.657, 0.752, 0.824, 1.0],
  facings: [0.0, 0.014, 0.043, 0.087, 0.228, 0.43, 0.662, 0.915, 0.981, 0.999, 1.0],
}

/** Probability that a box of `score` is a facing. */
export function facingProbability(score: number): number {
  return interpolate(score, CERTAINTY.scores, CERTAINTY.facings)
}
