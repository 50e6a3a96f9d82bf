/** Tables as CSV that is safe to open in a spreadsheet; the same rules as `skushare/spreadsheet.py`. */

export type Cell = string | number | boolean | null | undefined
export type Row = Record<string, Cell>

// A cell that begins so runs as a formula in Excel, LibreOffice and Sheets.
const FORMULA = /^[=+\-@]/
// Spaces and marks without a shape before the first letter that is seen; these do not hide a formula.
const UNSEEN = /^[\p{C}\p{Z}]*/u

/**
 * `rows` as CSV text with a byte order mark, which Excel needs to read accents.
 *
 * Text that a spreadsheet would run as a formula gets a leading apostrophe, also where spaces, marks without a shape
 * or full-width signs hide it; numbers stay numbers. A break within text is a line feed.
 */
export function toCsv(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [columns.map(quoted), ...rows.map((row) => columns.map((column) => quoted(row[column])))]
  return `\ufeff${lines.map((line) => line.join(',')).join('\n')}\n`
}

function quoted(cell: Cell): string {
  if (cell === null || cell === undefined || (typeof cell === 'number' && !Number.isFinite(cell))) return ''
  if (typeof cell !== 'string') return String(cell)
  const safe = defused(cell.replace(/\r\n?/g, '\n')) // readers take a lone CR for a row's end
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function defused(text: string): string {
  const [unseen] = UNSEEN.exec(text)!
  const first = String.fromCodePoint(text.codePointAt(unseen.length) ?? 0).normalize('NFKC')
  return FORMULA.test(first) || /[\n\t]/.test(unseen) ? `'${text}` : text
}
