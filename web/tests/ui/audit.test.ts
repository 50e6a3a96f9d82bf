import { describe, expect, test } from 'vitest'
import { asNamed, corrected, counted, current, matches, mostlyAround, ofOneShelf, reckon, recounted, removed, sharesOf, titleOf, undone, withoutLooks } from '../../src/ui/audit'
import type { Correction, Facing } from '../../src/ui/audit'
import { makeAudit, makeFacings } from './make'

const brandsOf = (audit: Parameters<typeof current>[0]): string[] => current(audit).map((each) => each.facing.brand)

describe('corrections', () => {
  const audit = makeAudit(makeFacings('A', 'B', ''))

  test('give a brand that a gallery knows by the same name', () => {
    const now = corrected(audit, 1, { box: audit.found[1].box, brand: ' Cola\nZero\u00a0\u0645\u06cc\u200c\u062e ' })
    expect(brandsOf(now)[1]).toBe('Cola Zero \u0645\u06cc\u200c\u062e')
  })

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

  test('tell which facings are removed: those that nothing put back', () => {
    const gone = corrected(corrected(audit, 0, null), 1, null)
    expect(removed(gone.corrections)).toEqual(new Set([0, 1]))
    expect(removed(undone(gone).corrections)).toEqual(new Set([0]))
    expect(removed(corrected(audit, 1, { box: [0, 0, 1, 1], brand: 'A' }).corrections)).toEqual(new Set())
  })

  test('a facing that is gone cannot be corrected', () => {
    const now = corrected(audit, 0, null)
    expect(corrected(now, 0, { box: [0, 0, 1, 1], brand: 'X' })).toBe(now)
  })

  test('back to what was found leave it as found, and elsewhere sure', () => {
    const [{ box, brand }] = audit.found
    const renamed = corrected(audit, 0, { box, brand: 'C' })
    expect(current(corrected(renamed, 0, { box: [0.005, 50, 90, 250], brand }))[0].facing).toEqual(audit.found[0])
    const moved = corrected(renamed, 0, { box: [2, 50, 90, 250], brand })
    expect(current(moved)[0].facing).toEqual({ box: [2, 50, 90, 250], brand, score: 1, brandScore: 1, product: 'A 500 g' })
  })

  test('undo takes back the last one', () => {
    const now = corrected(audit, 0, null)
    expect(brandsOf(undone(now))).toEqual(['A', 'B', ''])
    expect(undone(audit).corrections).toEqual([])
  })
})

describe('corrections of facings numbered among all', () => {
  const made = (facing: number, after: string | null, before: string | null = 'old'): Correction => ({
    facing,
    before: before === null ? null : { box: [0, 0, 1, 1], brand: before },
    after: after === null ? null : { box: [0, 0, 1, 1], brand: after },
    time: '',
  })
  const told = (corrections: readonly Correction[]): unknown[] =>
    corrections.map((each) => [each.facing, each.before?.brand ?? null, each.after?.brand ?? null])
  // Of 20 facings, 10 was renamed, 11 too, 12 removed, and one added by hand.
  const all = [made(10, 'a'), made(11, 'b'), made(12, null), made(20, 'c', null)]

  test('are those of the ones that count; of the others, what they were made into is added', () => {
    expect(told(counted(all, [10, 11, 12]).corrections)).toEqual([[0, 'old', 'a'], [1, 'old', 'b'], [2, 'old', null], [3, null, 'c']])
    const fewer = counted(all, [11, 13])
    expect(told(fewer.corrections)).toEqual([[2, null, 'a'], [0, 'old', 'b'], [3, null, 'c']])
    expect(fewer.numbers).toEqual([11, 13, 10, 20])
  })

  test.each([
    ['one that counts', 0, 11],
    ['one that does not', 2, 10],
    ['an added one', 3, 20],
    ['a new one', 4, 21],
  ])('one more, of %s, is kept by its number among all', (_, facing, number) => {
    const now = [...counted(all, [11, 13]).corrections, made(facing, 'd')]
    expect(told(recounted(all, [11, 13], 20, now))).toEqual([...told(all), [number, 'old', 'd']])
  })

  test('undoing takes back the last that can be seen, and leaves what cannot', () => {
    const last = [made(11, 'b'), made(10, 'a'), made(12, null)]
    const { corrections } = counted(last, [11, 13])
    expect(recounted(last, [11, 13], 20, corrections.slice(0, -1))).toEqual([last[0], last[2]])
  })

  test('nothing found can be added to', () => expect(told(recounted([], [], 0, [made(0, 'a', null)]))).toEqual([[0, null, 'a']]))
})

test('an added facing is called as the one beside it, a moved one as it is named', () => {
  const found = makeFacings('A', 'B')
  expect(mostlyAround(found, [190, 50, 280, 250])).toBe('B')
  expect(mostlyAround([], [0, 0, 1, 1])).toBe('')
  const moved: Correction = { facing: 0, before: { box: found[0].box, brand: '' }, after: { box: [5, 50, 95, 250], brand: '' }, time: '' }
  const added: Correction = { facing: 2, before: null, after: { box: [190, 50, 280, 250], brand: '' }, time: '' }
  const told: Correction = { ...added, after: { box: [0, 0, 1, 1], brand: 'C' } }
  expect(asNamed([moved, added, told], found).map((each) => [each.before?.brand, each.after?.brand])).toEqual([
    ['A', 'A'],
    [undefined, 'B'],
    [undefined, 'C'],
  ])
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

  test('own brands are told against all others, on the picture and in the sweep', () => {
    const sweep = { unique: 2, found: makeFacings('A', 'B') }
    const { shares, byRow, sweep: swept } = reckon(makeAudit(makeFacings('A', 'B', 'C', 'A', ''), { sweep }), ['A'])
    const told = (rows: typeof shares | null): unknown => rows?.map((row) => [row.name, row.facings])
    expect(told(shares)).toEqual([['competitors', 2], ['own brands', 2], ['unknown', 1]])
    expect(told(byRow)).toEqual(told(shares))
    expect(told(swept)).toEqual([['competitors', 1], ['own brands', 1]])
  })

  test('without a gallery nothing was refused, whatever a person named since', () => {
    const found = makeFacings('', '', '', '').map((facing) => ({ ...facing, brandScore: null }))
    const margins = (facings: Facing[]): number[] =>
      reckon(corrected(makeAudit(facings), 0, { box: facings[0].box, brand: 'A' })).shares.map((row) => row.margin)
    const [byHand, refused] = [margins(found), margins(makeFacings('', '', '', ''))]
    expect(Math.max(...byHand)).toBeLessThan(Math.min(...refused) / 2)
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

describe('the history', () => {
  const audit = corrected(makeAudit(makeFacings('Acme', '')), 1, { box: [100, 50, 190, 250], brand: 'Zeta' })

  test.each([
    ['', true],
    ['corner CEREALS', true],
    ['zeta', true], // set by hand
    ['corner zebra', false],
  ])('finds by %j: %j', (words, found) => expect(matches(audit, words)).toBe(found))

  test('does not find a brand that was corrected away', () => {
    expect(matches(corrected(audit, 0, null), 'acme')).toBe(false)
  })

  test.each([
    ['with brands by it', ['Zeta', 'Zeta', ''], ['Zeta', 'unknown']],
    ['without brands by its picture', ['', ''], ['Acme']],
  ])('tells a sweep %s', (_, brands, told) => {
    const swept = makeAudit(makeFacings('Acme'), { sweep: { unique: brands.length, found: makeFacings(...brands) } })
    expect(sharesOf(swept).map((row) => row.name)).toEqual(told)
    expect(matches(swept, 'zeta')).toBe(brands.includes('Zeta'))
  })

  test.each([
    ['the shelf that comes first with more than one', [['A', '1', ''], ['A', '2', ''], ['b', '1', ''], ['B', '1', ''], ['A', '2', '']], [1, 4]],
    ['none where each is of another', [['A', '1', ''], ['A', '1', 'Food'], ['B', '1', '']], []],
    ['none where nobody said which', [['', '', ''], ['', '', '']], []],
  ])('has a trend of %s', (_, shelves, places) => {
    const audits = shelves.map(([store, shelf, category]) => makeAudit(makeFacings('Acme'), { store, shelf, category }))
    expect(ofOneShelf(audits)).toEqual(places.map((at) => audits[at]))
    expect(ofOneShelf(audits).map((each) => audits.indexOf(each))).toEqual(places)
  })

  test('has no audit in a trend in which nothing was counted, and one of another shelf where too few are left', () => {
    const [acme, swept] = [makeFacings('Acme'), { sweep: { unique: 1, found: makeFacings('Acme') } }]
    const [one, empty, gone] = [makeAudit(acme), makeAudit([]), corrected(makeAudit(acme), 0, null)]
    const others = [makeAudit([], { ...swept, shelf: 'Tea' }), makeAudit(acme, { shelf: 'Tea' })]
    expect(ofOneShelf([one, empty, gone, makeAudit([], { sweep: { unique: 1, found: makeFacings('') } })])).toEqual([])
    expect(ofOneShelf([one, empty, gone, ...others])).toEqual(others)
  })

  test('reckons the shares of an audit once', () => {
    expect(sharesOf(audit)).toEqual(reckon(audit).shares)
    expect(sharesOf(audit)).toBe(sharesOf(audit))
  })
})
