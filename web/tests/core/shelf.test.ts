import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { CERTAINTY, facingProbability } from '../../src/core/certainty'
import { labelColor, labelColors } from '../../src/core/colors'
import { makeDetections } from '../../src/core/detections'
import { ShelfPlane } from '../../src/core/plane'
import { assignRows, rowIdsOf } from '../../src/core/rows'
import { type ShareRow, shareByRow, shareOfShelf } from '../../src/core/share'
import { asDetections, expectClose, vectors } from './vectors'

const kept = vectors('shelves')

function expectTable(found: readonly object[], table: Record<string, string | number>[]): void {
  expect(found.length).toBe(table.length)
  found.forEach((line, i) => {
    for (const [key, value] of Object.entries(table[i])) {
      const name = key.replace(/_(\w)/, (_, letter: string) => letter.toUpperCase())
      const here = (line as Record<string, string | number>)[name]
      if (typeof value === 'number') expect(here, `${key} of line ${i}`).toBeCloseTo(value, 4)
      else expect(here).toBe(value)
    }
  })
}

describe('shelves are read as in Python', () => {
  kept.cases.forEach((shelf: any, number: number) => {
    const found = asDetections(shelf.found)
    const { brands } = shelf

    test(`case ${number}: plane and rows of ${found.count} facings`, () => {
      const plane = ShelfPlane.fit(found.boxes)
      const [middle, span, slope, convergence] = shelf.plane
      expectClose([plane.middle, plane.span], [middle, span], 1e-3)
      expectClose([plane.slope, 100 * plane.convergence], [slope, 100 * convergence], 0.01)
      expectClose(plane.straighten(found.boxes), shelf.straight, 0.05)
      expect([...rowIdsOf(found.boxes)]).toEqual(shelf.rows)
    })

    test(`case ${number}: shares with their margins`, () => {
      expectTable(shareOfShelf(found, { brands }), shelf.shares)
      expectTable(shareOfShelf(found, { brands, own: ['Rye', 'Oats'] }), shelf.own)
      expectTable(shareOfShelf(found, { brands: [...brands.slice(0, 2), 'look A', 'look B'] }), shelf.by_look)
      expectTable(shareByRow(found, { brands }), shelf.by_row)
      const { brandIds: _, brandScores: __, ...nameless } = found
      expectTable(shareOfShelf(nameless, { labels: ['facing'] }), shelf.classes)
    })
  })

  test('certainty', () => {
    expect(CERTAINTY).toEqual(kept.certainty)
    for (const [score, probability] of kept.facing_probability)
      expect(facingProbability(score)).toBeCloseTo(probability, 6)
  })
})

const shelf = fc.array(
  fc.record({
    x: fc.float({ min: 0, max: 900, noNaN: true }),
    y: fc.float({ min: 0, max: 900, noNaN: true }),
    w: fc.float({ min: 4, max: 90, noNaN: true }),
    h: fc.float({ min: 4, max: 90, noNaN: true }),
    score: fc.float({ min: 0, max: 1, noNaN: true }),
    brand: fc.integer({ min: -1, max: 4 }),
  }),
  { maxLength: 25 },
)

test('shares of any shelf add up to one, and margins are numbers', () => {
  fc.assert(
    fc.property(shelf, (facings) => {
      const found = makeDetections(
        facings.flatMap(({ x, y, w, h }) => [x, y, x + w, y + h]),
        facings.map(({ score }) => score),
      )
      found.brandIds = Int32Array.from(facings, ({ brand }) => brand)
      found.brandScores = Float32Array.from(facings, ({ score }) => score)
      const rows = shareOfShelf(found, {})
      const sum = (key: keyof ShareRow) => rows.reduce((total, row) => total + (row[key] as number), 0)
      expect(sum('facings')).toBe(found.count)
      for (const key of ['share', 'linear', 'area'] as const)
        expect(sum(key)).toBeCloseTo(found.count ? 1 : 0, 4)
      for (const row of rows)
        for (const key of ['margin', 'linearMargin', 'areaMargin'] as const)
          expect(row[key]).toBeGreaterThanOrEqual(0)
      const byRow = shareByRow(assignRows(found), {})
      expect(byRow.reduce((total, row) => total + row.facings, 0)).toBe(found.count)
    }),
    { numRuns: 60 },
  )
})

test.each([0, 0.1])('of boxes that score %d and are hardly facings no share is known', (score) => {
  const found = makeDetections([0, 0, 20, 50, 25, 0, 45, 50], [score, score])
  found.brandIds = Int32Array.from([0, 1])
  for (const row of shareOfShelf(found, {}))
    expect([row.margin, row.linearMargin, row.areaMargin]).toEqual([1, 1, 1])
})

test('rows do not depend on the order of the facings', () => {
  fc.assert(
    fc.property(shelf, (facings) => {
      const boxes = facings.map(({ x, y, w, h }) => [x, y, x + w, y + h])
      const rows = rowIdsOf(Float32Array.from(boxes.flat()))
      const back = rowIdsOf(Float32Array.from([...boxes].reverse().flat()))
      expect([...back].reverse()).toEqual([...rows])
    }),
    { numRuns: 40 },
  )
})

test("colours are Python's", () => {
  const { names, chosen, colors, with_chosen } = vectors('colors')
  expect(labelColors(names)).toEqual(colors)
  expect(labelColors(names, chosen)).toEqual(with_chosen)
  expect(labelColor('Oats')).toBe(colors.Oats)
})
