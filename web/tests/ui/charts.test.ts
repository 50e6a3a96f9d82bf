import { expect, test } from 'vitest'
import type { ShareRow } from '../../src/core'
import { folded, largest, topOf } from '../../src/ui/charts'
import { OTHER } from '../../src/ui/palette'

const row = (name: string, facings: number, whole: number): ShareRow => {
  const share = facings / whole
  return { name, facings, share, margin: 0.03, linear: share, linearMargin: 0.04, area: share, areaMargin: 0 }
}

test('a dozen bars stay as they are', () => {
  const rows = Array.from({ length: 12 }, (_, i) => row(`b${i}`, 12 - i, 78))
  expect(folded(rows)).toEqual(rows)
  expect(folded([])).toEqual([])
})

test('beyond a dozen the smallest are added up, and nothing is lost', () => {
  const rows = Array.from({ length: 20 }, (_, i) => row(`b${i}`, 20 - i, 210))
  const bars = folded(rows)
  expect(bars).toHaveLength(12)
  expect(bars[11]).toMatchObject({ name: OTHER, facings: 45 })
  expect(bars[11].margin).toBeCloseTo(0.03 * Math.sqrt(9))
  expect(folded(rows.map((each) => ({ ...each, margin: 0.6 })))[11].margin).toBe(1)
  expect(bars.reduce((sum, bar) => sum + bar.share, 0)).toBeCloseTo(1)
  expect(bars.reduce((sum, bar) => sum + bar.facings, 0)).toBe(210)
})

test.each(['area', 'linear'] as const)('one of few facings that has most of the %s keeps its bar', (measure) => {
  const rows = Array.from({ length: 20 }, (_, i) => ({ ...row(`b${i}`, 20 - i, 210), [measure]: i === 19 ? 0.5 : 0.5 / 19 }))
  expect(folded(rows, measure)[0].name).toBe('b19')
  expect(folded(rows).map((bar) => bar.name)).not.toContain('b19')
})

test('a trend shows the names that are largest over all audits', () => {
  const points = [
    { time: '1', shares: [row('A', 9, 10), row('B', 1, 10)] },
    { time: '2', shares: [row('C', 8, 10), row('B', 2, 10)] },
  ]
  expect(largest(points, 2)).toEqual(['A', 'C'])
  expect(largest([], 2)).toEqual([])
})

test.each([
  [[], 0.1],
  [[0.04], 0.1],
  [[0.53, 0.47], 0.6],
  [[0.1 + 0.2], 0.3],
  [[1], 1],
])('the axis of the shares %j ends at a round one, %d', (shares, top) => expect(topOf(shares)).toBe(top))
