/** Colours of names: the same in every chart and drawing, and no two alike within one. */

// Okabe and Ito's colours and one darker, told apart with any colour vision: as in skushare/draw.py.
const FIRST = ['#0072B2', '#E69F00', '#56B4E9', '#D55E00', '#009E73', '#CC79A7', '#F0E442', '#882255']
// Beyond eight no set can be told apart by everyone; these differ at least in light.
const MORE = ['#44AA99', '#332288', '#999933', '#AA4499', '#CC6677', '#117733', '#6699CC', '#7F4F21']
export const PALETTE: readonly string[] = [...FIRST, ...MORE]
export const GREY = '#8A8F8E'

const table = new Uint32Array(256).map((_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1
  return n
})

/** The CRC-32 of `text` in UTF-8, which chooses its colour in Python too. */
export function crc32(text: string): number {
  let crc = ~0
  for (const byte of new TextEncoder().encode(text)) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8)
  return ~crc >>> 0
}

/**
 * A colour for each of `names`, which come in an order that does not change with the counts.
 *
 * A name has the colour that Python gives it, or, where an earlier one has that, the next free one.
 *
 * @param chosen colours that the user chose, by name.
 * @param grey names that are not brands, as "unknown".
 */
export function colorsOf(
  names: readonly string[],
  chosen: Readonly<Record<string, string>> = {},
  grey: readonly string[] = [],
): Map<string, string> {
  const colors = new Map<string, string>()
  const taken = new Set<string>()
  for (const name of grey) colors.set(name, GREY)
  for (const name of names) {
    const own = chosen[name]
    if (own && /^#[0-9a-f]{6}$/i.test(own) && !colors.has(name)) {
      colors.set(name, own)
      taken.add(own.toUpperCase())
    }
  }
  for (const name of names) {
    if (colors.has(name)) continue
    let slot = crc32(name) % FIRST.length
    for (let tried = 0; tried < PALETTE.length && taken.has(PALETTE[slot]); tried++) slot = (slot + 1) % PALETTE.length
    colors.set(name, PALETTE[slot])
    taken.add(PALETTE[slot])
    if (taken.size >= PALETTE.length) taken.clear()
  }
  return colors
}

/** Black or white, whichever is read better on `color`, "#RRGGBB". */
export function inkOn(color: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? '#111111' : '#ffffff'
}
