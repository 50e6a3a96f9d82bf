import { expect, test } from 'vitest'
import { compare } from '../../src/ui/golden'

const boxes = (...flat: number[]): { count: number; boxes: Float32Array } => ({ count: flat.length / 4, boxes: Float32Array.from(flat) })

test.each([
  ['nothing and nothing', boxes(), [], { facings: 0, expected: 0, unmatched: 0, moved: 0 }],
  ['nothing found', boxes(), [[0, 0, 10, 10]], { facings: 0, expected: 1, unmatched: 1, moved: 0 }],
  ['one too many', boxes(0, 0, 10, 10), [], { facings: 1, expected: 0, unmatched: 1, moved: 0 }],
  ['a moved one', boxes(1, 0, 11, 10), [[0, 0, 10, 10.5]], { facings: 1, expected: 1, unmatched: 0, moved: 1 }],
  ['two for one', boxes(0, 0, 10, 10, 1, 0, 11, 10), [[0, 0, 10, 10]], { facings: 2, expected: 1, unmatched: 1, moved: 0 }],
  ['elsewhere', boxes(50, 50, 60, 60), [[0, 0, 10, 10]], { facings: 1, expected: 1, unmatched: 2, moved: 0 }],
])('%s', (_, found, listed, difference) => {
  expect(compare(found, { boxes: listed as [number, number, number, number][], scores: [] })).toEqual(difference)
})
