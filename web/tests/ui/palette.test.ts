import { describe, expect, test } from 'vitest'
import { GREY, PALETTE, colorsOf, crc32, inkOn } from '../../src/ui/palette'

test.each([
  ['', 0],
  ['Läckerli', 1598762724],
])('crc32 of %j is that of zlib', (text, sum) => expect(crc32(text)).toBe(sum))

describe('colorsOf', () => {
  test('gives no names no colours', () => expect(colorsOf([]).size).toBe(0))

  test('tells as many names apart as there are colours', () => {
    const names = Array.from({ length: PALETTE.length }, (_, i) => `brand ${i}`)
    expect(new Set(colorsOf(names).values()).size).toBe(PALETTE.length)
  })

  test('a name keeps its colour when others come after it', () => {
    const names = Array.from({ length: 30 }, (_, i) => `brand ${i}`)
    const few = colorsOf(names.slice(0, 5))
    const many = colorsOf(names)
    for (const name of names.slice(0, 5)) expect(many.get(name)).toBe(few.get(name))
    expect(many.size).toBe(30)
  })

  test('what the user chose goes before, and what is no brand is grey', () => {
    const colors = colorsOf(['a', 'b', 'unknown'], { b: '#123456', a: 'javascript:1' }, ['unknown'])
    expect(colors.get('b')).toBe('#123456')
    expect(colors.get('a')).toMatch(/^#[0-9A-F]{6}$/i)
    expect(colors.get('unknown')).toBe(GREY)
  })
})

test.each(PALETTE)('text on %s has contrast', (color) => {
  const light = (hex: string): number =>
    [1, 3, 5].reduce((sum, at, i) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
      return sum + [0.2126, 0.7152, 0.0722][i] * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    }, 0)
  const [a, b] = [light(color), light(inkOn(color))].sort((x, y) => y - x)
  expect((a + 0.05) / (b + 0.05)).toBeGreaterThanOrEqual(4)
})
