/** Names and notes that people wrote: kept as they are, made harmless where they are shown. */

export const LONGEST_NAME = 200 // characters of a brand, product or gallery, as in Python
export const LONGEST_WORDS = 20_000 // characters of a note or a place; longer ones are mistakes
const SHOWN = 80

// Controls and halves of surrogate pairs: no file, database or font can do anything with them.
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
// Marks that turn the reading direction of what follows them, and would do so beyond the name.
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** `text` as every database, file and page can keep it; at most `longest` characters. */
export function tidy(text: string, longest = LONGEST_WORDS): string {
  return text.slice(0, longest).replace(CONTROLS, ' ').trim()
}

/** `text` on one short line that cannot turn the line around it: for buttons, charts and pictures. */
export function brief(text: string, longest = SHOWN): string {
  const line = tidy(text).replace(DIRECTIONS, '').replace(/\s+/g, ' ')
  const letters = Array.from(line.slice(0, 2 * longest + 2)) // whole characters, not halves of an emoji
  return letters.length <= longest ? letters.join('') : `${letters.slice(0, longest - 1).join('')}…`
}

/** `name`, or where that is taken the first of "name (2)", "name (3)" ... that is not. */
export function freeName(name: string, taken: readonly string[]): string {
  const others = new Set(taken)
  let free = name
  for (let n = 2; others.has(free); n++) free = `${tidy(name, LONGEST_NAME - 8)} (${n})`
  return free
}

/** A part of a file name, legal on every system. */
export function asFileName(text: string): string {
  const plain = brief(text, 40).normalize('NFC').replace(/[^\p{L}\p{N} _-]+/gu, ' ').trim().replace(/\s+/g, '-')
  return plain || 'shelf'
}
