import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { FURTHEST, bounded, placeAfter, spotAt } from '../../src/ui/shelf-view'
import type { Spot } from '../../src/ui/shelf-view'

const spot = (number: number, ...box: [number, number, number, number]): Spot => ({ number, box, color: '', label: '', spoken: '' })

describe('spotAt', () => {
  const spots = [spot(1, 0, 0, 100, 100), spot(2, 40, 40, 60, 60), spot(3, 200, 0, 300, 100)]
  test.each([
    [50, 50, 2], // the smaller of two
    [10, 10, 1],
    [105, 50, 1], // beside it, within reach
    [150, 50, null],
    [195, 50, 3],
  ])('at %i, %i is %j', (x, y, number) => expect(spotAt(spots, x, y, 10)?.number ?? null).toBe(number))
  test('of none is none', () => expect(spotAt([], 0, 0, 10)).toBeNull())
})

test('a view never leaves the picture', () => {
  const part = fc.double({ min: -3, max: 3, noNaN: true })
  fc.assert(fc.property(fc.double({ min: 0, max: 99, noNaN: true }), part, part, (scale, x, y) => {
    const view = bounded({ scale, x, y })
    const half = 0.5 / view.scale
    expect(view.scale).toBeGreaterThanOrEqual(1)
    expect(view.scale).toBeLessThanOrEqual(FURTHEST)
    for (const at of [view.x, view.y]) {
      expect(at - half).toBeGreaterThanOrEqual(-1e-9)
      expect(at + half).toBeLessThanOrEqual(1 + 1e-9)
    }
  }))
})

test.each([
  ['on', 2, 1, 3],
  ['back', 2, -1, 1],
  ['not before the first', 0, -1, 0],
  ['not beyond the last', 4, 1, 4],
  ['to the first where none was chosen yet', -1, 1, 0, 0],
  ['back to the one that was chosen last', -1, 1, 3, 3],
  ['to the last where that is gone', -1, -1, 4, 7],
])('an arrow key leads %s', (_, at, step, to, last = 0) => expect(placeAfter(at, step, 5, last)).toBe(to))
