/** Text of others, as every database, file and page can keep it; the same rules as `skushare/text.py`. */

export const LONGEST_NAME = 200 // characters of a brand, product or gallery
export const LONGEST_WORDS = 20_000 // characters of a note or a place; longer ones are mistakes

// Controls and halves of surrogate pairs: no file, database or font can do anything with them.
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
// Python's spaces; those of JavaScript and its `trim` have the byte order mark as well.
const SPACES = /[\t\n\p{Z}]/gu
const ENDS = /^[\t\n\p{Z}]+|[\t\n\p{Z}]+$/gu

/**
 * `text` without control and broken characters; at most `longest` characters.
 *
 * It is otherwise kept as it was written, whatever it contains, such as the joiners of emoji and scripts.
 */
export function tidy(text: string, longest = LONGEST_WORDS): string {
  return text.slice(0, longest).replace(CONTROLS, ' ').replace(ENDS, '')
}

/**
 * As `tidy`, on one line and with plain spaces alone: names that read alike are the same name.
 *
 * So are letters with marks, which a Mac's files have in parts (Unicode's NFC).
 */
export function tidyName(text: string, longest = LONGEST_WORDS): string {
  return tidy(text, longest).normalize('NFC').replace(SPACES, ' ')
}
