import { describe, expect, test } from 'vitest'
import { corrected, current, reckon, renumbered, titleOf, undone, withoutLooks } from '../../src/ui/audit'
import type { Correction } from '../../src/ui/audit'
import { makeAudit, makeFacings } from './make'

const brandsOf = (audit: Parameters<typeof current>[0]): string[] => current(audit).map((each) => each.facing.brand)

describe('corrections', () => {
  const audit = makeAudit(makeFacings('A', 'B', ''))

  test('rename, remove and add facings, and leave what was found', () => {
    let now = corrected(audit, 1, { box: audit.found[1].box, brand: 'C' })
    now = corrected(now, 0, null)
    now = corrected(now, null, { box: [500, 0, 550, 100], brand: 'A' })
    expect(brandsOf(now)).toEqual(['C', '', 'A'])
    expect(current(now).map((each) => each.number)).toEqual([1, 2, 3])
    expect(now.found).toBe(audit.found)
    expect(now.corrections.map((each) => [each.facing, each.before?.brand, each.after?.brand])).toEqual([
      [1, 'B', 'C'],
      [0, 'A', undefined],
      [3, undefined, 'A'],
    ])
  })

  test('a second added facing has a number of its own, also after the first is removed', () => {
    let now = corrected(audit, null, { box: [500, 0, 550, 100], brand: 'A' })
    now = corrected(now, 3, null)
    now = corrected(now, null, { box: [600, 0, 650, 100], brand: 'B' })
    expect(current(now).map((each) => each.number)).toEqual([0, 1, 2, 4])
  })

  test('an audit without facings can be added to', () => {
    const now = corrected(makeAudit([]), null, { box: [0, 0, 10, 10], brand: 'A' })
    expect(current(now).map((each) => each.number)).toEqual([0])
  })

  test('a facing that is gone cannot be corrected', () => {
    const now = corrected(audit, 0, null)
    expect(corrected(now, 0, { box: [0, 0, 1, 1], brand: 'X' })).toBe(now)
  })

  test('undo takes back the last one', () => {
    const now = corrected(audit, 0, null)
    expect(brandsOf(undone(now))).toEqual(['A', 'B', ''])
    expect(undone(audit).corrections).toEqual([])
  })

  test('another threshold keeps them with their facings', () => {
    const made = (facing: number, after: string | null): Correction => ({
      facing,
      before: { box: [0, 0, 1, 1], brand: 'old' },
      after: after === null ? null : { box: [0, 0, 1, 1], brand: after },
      time: '',
    })
    // Facings 10, 11, 12 counted; now 11 and 13 do. 10 was renamed, 11 too, 12 removed, and 3 added by hand.
    const moved = renumbered([made(0, 'a'), made(1, 'b'), made(2, null), made(3, 'c')], [10, 11, 12], [11, 13])
    expect(moved.map((each) => [each.facing, each.before?.brand ?? null, each.after?.brand])).toEqual([
      [2, null, 'a'],
      [0, 'old', 'b'],
      [3, null, 'c'],
    ])
  })
})

describe('reckon', () => {
  test('shares follow the corrections', () => {
    const audit = makeAudit(makeFacings('A', 'A', 'B', ''))
    const shares = (now: typeof audit): Record<string, number> =>
      Object.fromEntries(reckon(now).shares.map((row) => [row.name, row.facings]))
    expect(shares(audit)).toEqual({ A: 2, B: 1, unknown: 1 })
    expect(shares(corrected(audit, 0, null))).toEqual({ A: 1, B: 1, unknown: 1 })
    expect(shares(corrected(audit, 3, { box: audit.found[3].box, brand: 'B' }))).toEqual({ A: 2, B: 2 })
  })

  test('of nothing is nothing', () => {
    expect(reckon(makeAudit([]))).toMatchObject({ facings: [], rows: 0, shares: [], byRow: [], sweep: null })
  })

  test('a sweep has its own shares', () => {
    const sweep = { unique: 3, found: makeFacings('A', 'B', 'B') }
    const { sweep: shares } = reckon(makeAudit(makeFacings('A'), { sweep }))
    expect(shares?.map((row) => [row.name, row.facings])).toEqual([['B', 2], ['A', 1]])
  })
})

test.each([
  [{}, 'Corner shop, Cereals'],
  [{ store: '' }, 'Cereals'],
  [{ store: '', shelf: '' }, 'shelf.jpg'],
])('an audit with %j is called %j', (words, title) => expect(titleOf(makeAudit([], words))).toBe(title))

test('looks are not kept as brands, neither where they were found nor where a person left them', () => {
  const audit = corrected(makeAudit(makeFacings('look A', 'Acme', 'look B')), 0, { box: [0, 0, 9, 9], brand: 'look A' })
  const kept = withoutLooks(audit, new Set(['look A', 'look B']))
  expect(current(kept).map((each) => each.facing.brand)).toEqual(['', 'Acme', ''])
  expect(JSON.stringify(kept)).not.toContain('"brand":"look')
  expect(withoutLooks(audit, new Set())).toBe(audit)
})
