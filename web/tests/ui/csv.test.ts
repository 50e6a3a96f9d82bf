import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { toCsv } from '../../src/ui/csv'

describe('toCsv', () => {
  test.each([
    ['=SUM(A1)', "'=SUM(A1)"],
    ['  +1', "'  +1"],
    ['-cmd', "'-cmd"],
    ['@x', "'@x"],
    ['\tx', "'\tx"],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['=a"b', `"'=a""b"`],
    ['two\nlines', '"two\nlines"'],
    ['<b>bold</b>', '<b>bold</b>'],
    ['plain', 'plain'],
  ])('writes %j as %j', (value, written) => {
    expect(toCsv(['name'], [{ name: value }])).toBe(`\ufeffname\n${written}\n`)
  })

  test('keeps numbers numbers, and what is missing empty', () => {
    expect(toCsv(['a', 'b', 'c', 'd'], [{ a: -1.5, b: null, c: NaN }])).toBe('\ufeffa,b,c,d\n-1.5,,,\n')
  })

  test('has its head line without rows', () => {
    expect(toCsv(['a', 'b'], [])).toBe('\ufeffa,b\n')
  })

  test('no text begins a cell as a formula, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const cell = toCsv(['name'], [{ name: value }]).slice('\ufeffname\n'.length, -1)
        const bare = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell
        expect(/^ *[=+\-@\t\r\n]/.test(bare)).toBe(false)
        expect([value, `'${value}`]).toContain(bare)
      }),
    )
  })
})
