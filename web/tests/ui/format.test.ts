import { expect, test } from 'vitest'
import { score } from '../../src/ui/format'

test.each([
  [0.42, '0.42'],
  [0.4, '0.40'],
  [1, '1.00'],
])('a score of %d is told as tables and files have it', (value, told) => expect(score(value)).toBe(told))
