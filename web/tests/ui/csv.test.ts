import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { toCsv } from '../../src/ui/csv'

describe('toCsv', () => {
  // The cases of tests/test_spreadsheet.py, then those of quoting.
  test.each([
    ['shelf.jpg', 'shelf.jpg'],
    ['=1+1.jpg', "'=1+1.jpg"],
    ['+cmd.jpg', "'+cmd.jpg"],
    ['-2.jpg', "'-2.jpg"],
    ['@sum.jpg', "'@sum.jpg"],
    [' =1.jpg', "' =1.jpg"],
    ['\t=1.jpg', "'\t=1.jpg"],
    ['Käse, groß.jpg', '"Käse, groß.jpg"'],
    ['＝1+1', "'＝1+1"],
    ['＋1', "'＋1"],
    ['－1', "'－1"],
    ['＠sum', "'＠sum"],
    ['﹦1', "'﹦1"],
    ['\u00a0=1', "'\u00a0=1"], // a space that does not break
    ['\u3000=1', "'\u3000=1"], // a wide one
    ['\ufeff=1', "'\ufeff=1"], // a byte order mark
    ['\u200b=1', "'\u200b=1"], // no width
    ['\u2060=1', "'\u2060=1"],
    ['\u202e=1', "'\u202e=1"], // turns the direction
    ['\u200f\u2067 ＝1', "'\u200f\u2067 ＝1"],
    ['\x1f=1', "'\x1f=1"],
    ['\u200b\tb', "'\u200b\tb"],
    ['\u200bshelf', '\u200bshelf'],
    ['\u200f', '\u200f'],
    ['', ''],
    ['シェル＝1', 'シェル＝1'],
    ['1-2=x', '1-2=x'],
    ['⅔ l', '⅔ l'],
    ["'=1", "'=1"],
    ['a\r=1+1', '"a\n=1+1"'],
    ['a\r\n=1+1', '"a\n=1+1"'],
    ['a\n=1+1', '"a\n=1+1"'],
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

  test('defuses headings', () => {
    expect(toCsv(['=x'], [{ '=x': '=y' }])).toBe("\ufeff'=x\n'=y\n")
  })

  test('no text begins a cell as a formula, whatever it is', () => {
    const hidden = fc.string({ unit: fc.constantFrom(' ', '\u00a0', '\u200b', '\ufeff', '\u202e', '\u00ad', '\x1f', '\t', '\r'), maxLength: 3 })
    const signs = fc.constantFrom('=', '+', '-', '@', '＝', '＋', '－', '＠')
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.tuple(hidden, signs).map((parts) => parts.join('')))
    fc.assert(
      fc.property(texts, (value) => {
        const cell = toCsv(['name'], [{ name: value }]).slice('\ufeffname\n'.length, -1)
        const bare = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell
        const kept = value.replace(/\r\n?/g, '\n')
        expect([kept, `'${kept}`]).toContain(bare)
        expect(bare.replace(/[\p{C}\p{Z}]/gu, '').normalize('NFKC')).not.toMatch(/^[=+\-@]/)
      }),
    )
  })
})
