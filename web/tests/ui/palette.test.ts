import { expect, test } from 'vitest'
import { OTHER, colorsOf, inkOn } from '../../src/ui/palette'

test('without names only what is unknown and the rest of a chart have colours, as in Python', () => {
  expect([...colorsOf([])]).toEqual([['unknown', '#A0A0A0'], [OTHER, '#6F7B79']])
})

test('each name has a colour, also one that JavaScript knows', () => {
  const names = ['constructor', '__proto__', 'toString', 'Acme', '']
  const colors = colorsOf(names)
  for (const name of names) expect(colors.get(name), name).toMatch(/^#[0-9A-F]{6}$/i)
})

test('a name keeps its colour when others come after it', () => {
  const names = Array.from({ length: 30 }, (_, i) => `brand ${i}`)
  const few = colorsOf(names.slice(0, 5))
  const many = colorsOf(names)
  for (const name of names.slice(0, 5)) expect(many.get(name)).toBe(few.get(name))
})

test('what the user chose holds', () => {
  expect(colorsOf(['a', 'b'], { b: '#123456' }).get('b')).toBe('#123456')
})

test.each(['#96C369', '#784B87', '#D2B400', '#00694B', '#A0A0A0', '#ffffff', '#000000'])('text on %s has contrast', (color) => {
  const light = (hex: string): number =>
    [1, 3, 5].reduce((sum, at, i) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
      return sum + [0.2126, 0.7152, 0.0722][i] * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    }, 0)
  const [a, b] = [light(color), light(inkOn(color))].sort((x, y) => y - x)
  expect((a + 0.05) / (b + 0.05)).toBeGreaterThanOrEqual(4)
})
