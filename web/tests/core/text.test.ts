import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { Gallery, GalleryError } from '../../src/core/gallery'
import { tidy, tidyName } from '../../src/core/text'

const FAMILY = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}' // one emoji of three, joined
const PERSIAN = '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645' // with a non-joiner inside
const EMBEDDER = { digest: 'e', dimensions: 1, scale: 20, middle: 0.5 } as never

// The cases of tests/test_text.py, and more of what the two languages take for a space.
describe.each([
  [` ${FAMILY} `, FAMILY],
  [PERSIAN, PERSIAN],
  ['Cola\u00a0Zero', 'Cola Zero'],
  ['Cola\nZero\t!', 'Cola Zero !'],
  ['Cola\u2028Zero', 'Cola Zero'],
  ['a\x00b\ud800c', 'a b c'],
  ['\u05d0\u200f!', '\u05d0\u200f!'],
  ['Cafe\u0301', 'Caf\u00e9'], // as a Mac's file is called
  ['Mar\u00adgarine', 'Mar\u00adgarine'],
  ['\ufeffCola\ufeff', '\ufeffCola\ufeff'],
  ['\x1cCola\x85Zero\x1f', 'Cola Zero'],
  ['\u3000Cola\u1680Zero\u200a', 'Cola Zero'],
  [' Café  <b>\u0007 "ok"\r\n', 'Café  <b>  "ok"'],
])('the name %j', (text, name) => {
  test('is the same as in Python, in a gallery too', () => {
    expect(tidyName(text)).toBe(name)
    const taught = Gallery.empty(text).teach(text, text, Float32Array.of(1), [new Uint8Array([1])], EMBEDDER)
    expect([taught.name, taught.skus[0].brand, taught.skus[0].name]).toEqual([name, name, name])
  })
})

test.each(['', ' ', '\u200b', '\u00ad\u2060', '\x07'])('a name of which nothing is seen is none: %j', (text) => {
  expect(() => Gallery.empty(text)).toThrow(GalleryError)
})

test('a note keeps its lines', () => {
  expect(tidy('first\n\tsecond\x07')).toBe('first\n\tsecond')
})

test('tidy keeps what people write, without what no file can hold', () => {
  expect(tidy(' Café <b>\u0007 "ok" ')).toBe('Café <b>  "ok"')
  expect(tidy('x'.repeat(300), 200)).toHaveLength(200)
  expect(tidy('a\ud800b\udc00c')).toBe('a b c')
})

test('a tidy name stays as it is, on one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const name = tidyName(text)
      expect(tidyName(name)).toBe(name)
      expect(name).not.toMatch(/[\n\r\v\f\u0085\u2028\u2029]/)
    }),
  )
})
