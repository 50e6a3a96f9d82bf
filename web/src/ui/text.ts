/** Names and notes that people wrote: kept as they are, made harmless where they are shown. */

import { LONGEST_NAME, tidy, tidyName } from '../core'

const SHOWN = 80

// Marks that turn the reading direction of what follows them, and would do so beyond the name.
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** `text` on one short line that cannot turn the line around it: for buttons, charts and pictures. */
export function brief(text: string, longest = SHOWN): string {
  const line = tidy(text).replace(DIRECTIONS, '').replace(/\s+/g, ' ')
  const letters = Array.from(line.slice(0, 2 * longest + 2)) // whole characters, not halves of an emoji
  return letters.length <= longest ? letters.join('') : `${letters.slice(0, longest - 1).join('')}…`
}

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Nko}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Adlam}]/u

/** As `brief`, for a line that goes on: numbers after a name that is read from right to left would else stand in reverse. */
export function inLine(text: string, longest = SHOWN): string {
  const shown = brief(text, longest)
  return RIGHT_TO_LEFT.test(shown) ? `\u2068${shown}\u2069` : shown
}

/** `name`, or where that is taken the first of "name (2)", "name (3)" ... that is not. */
export function freeName(name: string, taken: readonly string[]): string {
  const others = new Set(taken)
  let free = name
  for (let n = 2; others.has(free); n++) free = `${tidyName(name, LONGEST_NAME - 8)} (${n})`
  return free
}

/** A part of a file name, legal on every system. */
export function asFileName(text: string): string {
  const plain = brief(text, 40).normalize('NFC').replace(/[^\p{L}\p{N} _-]+/gu, ' ').trim().replace(/\s+/g, '-')
  return plain || 'shelf'
}
