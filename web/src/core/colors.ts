/** Colours of names: told apart within a chart, and the same as in Python's charts, drawings and reports. */

// Two dozen colours as far apart as could be found, each with a contrast of at least 2 on white and on dark.
export const PALETTE: readonly string[] = [
  '#96C369', '#784B87', '#B43C00', '#D2B400', '#00C3FF', '#7878FF', '#FF78A5', '#00694B',
  '#872DA5', '#A56978', '#A5963C', '#962D3C', '#4B781E', '#E196D2', '#0069C3', '#00B4A5',
  '#96A578', '#E10069', '#D22DA5', '#D28700', '#FF87F0', '#8787C3', '#B4694B', '#962D69',
] // prettier-ignore

const NEUTRAL = new Map([
  ['unknown', '#A0A0A0'],
  ['other', '#6F7B79'],
]) // no brands, and so never in a brand's colour
const MOST = 100 // names that are compared with each other
const NEAR = 20 // in CIELAB; of two colours nearer than this, one is taken for the other

/** The colour of `name` as `#RRGGBB` where it stands alone. */
export function labelColor(name: string): string {
  return NEUTRAL.get(name) ?? PALETTE[indexOf(name)]
}

/**
 * A colour for each of `names`, all different as far as the palette goes.
 *
 * Each name has a colour of its own, which follows from its letters. It loses it only to a name before it
 * that has the same one, so that a name added at the end changes no other's colour.
 *
 * @param chosen colours that somebody chose; these always hold, even where two are alike.
 */
export function labelColors(
  names: readonly string[],
  chosen: Record<string, string> = {},
): Record<string, string> {
  const different = [...new Set(names)]
  // Names come from anyone: one may be called "constructor".
  const wish = (name: string) => (Object.hasOwn(chosen, name) ? chosen[name].toUpperCase() : '')
  const taken = different.map(wish).filter(Boolean)
  const colors: Record<string, string> = Object.create(null)
  for (const name of different) {
    const settled = wish(name) || NEUTRAL.get(name)
    if (settled) {
      colors[name] = settled
      continue
    }
    const start = indexOf(name)
    const order = [...PALETTE.slice(start), ...PALETTE.slice(0, start)]
    const free = taken.length < MOST ? order.filter((color) => !taken.includes(color)) : []
    colors[name] = free.find((color) => !isNear(color, taken)) ?? free[0] ?? order[0]
    if (free.length) taken.push(colors[name])
  }
  return colors
}

function indexOf(name: string): number {
  return crc32(new TextEncoder().encode(name)) % PALETTE.length
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

function isNear(color: string, others: string[]): boolean {
  const here = lab(color)
  return others.some((other) => {
    const there = lab(other)
    return Math.hypot(...here.map((value, k) => value - there[k])) < NEAR
  })
}

/** The place of `#RRGGBB` in CIELAB (D65). */
function lab(color: string): number[] {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const [x, y, z] = [
    (0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.950456,
    0.212671 * r + 0.71516 * g + 0.072169 * b,
    (0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.088754,
  ].map((part) => (part > 0.008856 ? Math.cbrt(part) : 7.787 * part + 16 / 116))
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}
