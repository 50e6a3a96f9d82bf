/** Colours of names as charts and boxes use them. */

import { PALETTE, labelColor, labelColors } from '../core'
import { COMPETITORS, OWN, UNKNOWN } from './audit'

/** What a chart calls the smallest together; no brand can be called so: names have no control characters. */
export const OTHER = '\u0000other'
export const GREY = labelColor(UNKNOWN) // of whatever has no name

/**
 * A colour for each of `names`, which come in an order that does not change with the counts.
 *
 * @param chosen colours that the user chose, by name.
 */
export function colorsOf(names: readonly string[], chosen: Readonly<Record<string, string>> = {}): Map<string, string> {
  const colors = new Map(Object.entries(labelColors(names, { ...chosen })))
  return colors.set(UNKNOWN, GREY).set(OTHER, labelColor('other'))
}

/** Of own brands against all others, as in skushare/app/shares.py. */
export const SIDES: ReadonlyMap<string, string> = new Map([[OWN, '#12908A'], [COMPETITORS, PALETTE[19]], [UNKNOWN, GREY]])

/** Black or white, whichever is read better on `color`, "#RRGGBB". */
export function inkOn(color: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? '#111111' : '#ffffff'
}
