/** Tables as CSV that is safe to open in a spreadsheet; the same rules as `skushare/spreadsheet.py`. */

export type Cell = string | number | boolean | null | undefined
export type Row = Record<string, Cell>

// A cell that begins with one of these runs as a formula in Excel, LibreOffice and Sheets.
const FORMULA = /^ *[=+\-@\t\r\n]/

/**
 * `rows` as CSV text with a byte order mark, which Excel needs to read accents.
 *
 * Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay numbers.
 */
export function toCsv(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [columns.map(quoted), ...rows.map((row) => columns.map((column) => quoted(row[column])))]
  return `\ufeff${lines.map((line) => line.join(',')).join('\n')}\n`
}

function quoted(cell: Cell): string {
  if (cell === null || cell === undefined || (typeof cell === 'number' && !Number.isFinite(cell))) return ''
  if (typeof cell !== 'string') return String(cell)
  const safe = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
