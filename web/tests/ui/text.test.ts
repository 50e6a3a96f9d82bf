import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { asFileName, brief, freeName, inLine } from '../../src/ui/text'

const HOSTILE = ['<img src=x onerror=alert(1)>', '\u202egnp.exe', '👩‍👩‍👧‍👦'.repeat(5000), 'x'.repeat(10_000), '\u0000\ud800', '   ', '../../etc/passwd', 'مرحبا', 'a\nb\tc']

describe.each(HOSTILE)('the name %j', (name) => {
  test('is short on the page, on one line, and turns nothing around it', () => {
    const shown = brief(name)
    expect(Array.from(shown).length).toBeLessThanOrEqual(80)
    expect(shown).not.toMatch(/[\n\r\u202a-\u202e\u2066-\u2069]/)
    expect(() => encodeURIComponent(shown)).not.toThrow() // no half of a character
  })

  test('makes a file name that every system takes', () => {
    const file = asFileName(name)
    expect(file).toMatch(/^[\p{L}\p{N}_-]+$/u)
    expect(file.length).toBeLessThanOrEqual(80)
  })
})

test.each([
  ['mine', [], 'mine'],
  ['mine', ['other'], 'mine'],
  ['mine', ['mine'], 'mine (2)'],
  ['mine', ['mine (2)', 'mine'], 'mine (3)'],
  ['x'.repeat(200), ['x'.repeat(200)], `${'x'.repeat(192)} (2)`],
])('a name that is taken gets a number: %s among %j', (name, taken, free) => {
  expect(freeName(name, taken)).toBe(free)
})

test('brief never cuts a character in half', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (text, longest) => {
    expect(() => encodeURIComponent(brief(text, longest))).not.toThrow()
    expect(Array.from(brief(text, longest)).length).toBeLessThanOrEqual(longest)
  }))
})

test.each([
  ['Acme', 'Acme'],
  ['\u202eemcA', 'emcA'],
  ['مرحبا', '\u2068مرحبا\u2069'],
  ['קולה 2', '\u2068קולה 2\u2069'],
  ['コーラ', 'コーラ'],
])('in a line the name %s is set apart where it is read from right to left', (name, shown) => {
  expect(inLine(name)).toBe(shown)
})
