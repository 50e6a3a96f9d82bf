/** What Python finds for small inputs; made by tools/make_vectors.py. */

import { readFileSync } from 'node:fs'

import { expect } from 'vitest'

import { type Detections, makeDetections } from '../../src/core/detections'
import type { Look } from '../../src/core/voting'

export const ROOT = new URL('../../../', import.meta.url)

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- files of many shapes, read by their tests
export function vectors(name: string): any {
  return JSON.parse(readFileSync(new URL(`tests/vectors/${name}.json`, ROOT), 'utf8'))
}

export interface KeptDetections {
  boxes: number[]
  scores: number[]
  class_ids: number[]
  row_ids?: number[]
  track_ids?: number[]
  brand_ids?: number[]
  sku_ids?: number[]
  brand_scores?: number[]
}

export function asDetections(kept: KeptDetections): Detections {
  const found = makeDetections(kept.boxes, kept.scores, kept.class_ids)
  if (kept.brand_ids) found.brandIds = Int32Array.from(kept.brand_ids)
  if (kept.sku_ids) found.skuIds = Int32Array.from(kept.sku_ids)
  if (kept.brand_scores) found.brandScores = Float32Array.from(kept.brand_scores)
  return found
}

export function asLook(kept: { boxes: number[]; scores: number[]; class_ids: number[] }): Look {
  return {
    boxes: Float32Array.from(kept.boxes),
    scores: Float32Array.from(kept.scores),
    classIds: Int32Array.from(kept.class_ids),
  }
}

/** Whether each number is as near to Python's as `tolerance`. */
export function expectClose(found: ArrayLike<number>, kept: ArrayLike<number>, tolerance: number): void {
  expect(found.length).toBe(kept.length)
  for (let i = 0; i < kept.length; i++)
    if (!(Math.abs(found[i] - kept[i]) <= tolerance))
      expect.fail(`number ${i} is ${found[i]}, Python's ${kept[i]} (tolerance ${tolerance})`)
}

export function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}
