/** How likely a box is a facing, given its score. */

import type { Certainty } from './config'
import { interpolate } from './numbers'

/** What was measured of the shipped model; a bundle brings its own. */
export const CERTAINTY: Certainty = {
  scores: [0.0, 0.07, 0.144, 0.245, 0.347, 0.449, 0.553, 0.657, 0.752, 0.824, 1.0],
  facings: [0.0, 0.014, 0.043, 0.087, 0.228, 0.43, 0.662, 0.915, 0.981, 0.999, 1.0],
}

/** Probability that a box of `score` is a facing. */
export function facingProbability(score: number, certainty: Certainty = CERTAINTY): number {
  return interpolate(score, certainty.scores, certainty.facings)
}
