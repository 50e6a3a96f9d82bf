import { expect, test } from 'vitest'
import { day, score } from '../../src/ui/format'

test.each([
  [0.42, '0.42'],
  [0.4, '0.40'],
  [1, '1.00'],
])('a score of %d is told as tables and files have it', (value, told) => expect(score(value)).toBe(told))

test('days of different years are told apart', () => {
  const now = new Date()
  const before = new Date(now.getFullYear() - 1, now.getMonth(), 15)
  expect([day(before), day(new Date(now.getFullYear(), now.getMonth(), 15))].map((told) => /\d{4}/.test(told))).toEqual([true, false])
})
