/** Files out of the app: downloads, the device's share sheet, and a drawn picture. */

import type { ShareRow } from '../core'
import type { Audit } from './audit'
import { UNKNOWN, current, reckon, titleOf, toldShares } from './audit'
import { drawBoxes, drawLabel } from './boxes'
import { folded, shownName } from './charts'
import { auditsJson, facingsCsv, fileStem, sharesCsv } from './exports'
import { told, when } from './format'
import { GREY, colorsOf } from './palette'
import { makeCanvas } from './picture'
import { t } from './strings'
import { inLine } from './text'

export type Kind = 'csv' | 'shares' | 'json' | 'png'

/** `audits` as a file of this kind; a PNG is of the first one, and needs its `picture`. */
export async function asFile(kind: Kind, audits: readonly Audit[], picture: ImageBitmap | null = null, colors: Record<string, string> = {}): Promise<File> {
  const stem = audits.length === 1 ? fileStem(audits[0]) : 'audits'
  // A sweep's facings have no places, so that the single ones are of the picture alone.
  const facings = audits.some((audit) => audit.sweep?.unique) ? 'facings-on-picture' : 'facings'
  if (kind === 'csv') return new File([facingsCsv(audits)], `${stem}-${facings}.csv`, { type: 'text/csv' })
  if (kind === 'shares') return new File([sharesCsv(audits)], `${stem}-shares.csv`, { type: 'text/csv' })
  if (kind === 'json') return new File([auditsJson(audits)], `${stem}.json`, { type: 'application/json' })
  return new File([await drawn(audits[0], picture, colors)], `${stem}.png`, { type: 'image/png' })
}

/** Have the browser save `file`. */
export function download(file: File | Blob, name = file instanceof File ? file.name : 'file'): void {
  const address = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000) // some browsers read it later
}

/** Whether this device has a share sheet. */
export function canShare(): boolean {
  return typeof navigator.share === 'function'
}

/** What an audit has counted: its sweep's unique facings, else its photo's. */
export function countedIn(audit: Pick<Audit, 'found' | 'corrections' | 'sweep'>): string {
  const unique = audit.sweep?.unique
  return unique ? t('history.unique', { n: unique }) : t('history.facings', { n: current(audit).length })
}

/**
 * Offer `audit` to other apps: with picture and CSV where they take files, as text where not.
 *
 * @returns what offers it at a further tap, where making the files took so long that the browser wants one; else `null`.
 */
export async function share(audit: Audit, picture: ImageBitmap | null, colors: Record<string, string>): Promise<(() => Promise<void>) | null> {
  const shares = toldShares(reckon(audit))
  const text = t('export.text', { title: inLine(titleOf(audit)), facings: countedIn(audit), shares: shares.slice(0, 8).map(line).join(', ') })
  const files = [await asFile(audit.sweep?.unique ? 'shares' : 'csv', [audit])]
  if (picture) files.unshift(await asFile('png', [audit], picture, colors))
  const all: ShareData = { title: titleOf(audit), text, files }
  const refusal = (error: unknown): string => (error instanceof DOMException ? error.name : '')
  const offer = async (): Promise<void> => {
    try {
      await navigator.share(navigator.canShare?.(all) ? all : { title: all.title, text })
    } catch (error) {
      if (refusal(error) !== 'AbortError') throw error // the user thought better of it
    }
  }
  try {
    await offer()
    return null
  } catch (error) {
    if (refusal(error) !== 'NotAllowedError') throw error
    return offer
  }
}

function line(row: ShareRow): string {
  return `${inLine(shownName(row.name, 30))} ${told(row.share, row.margin, row.facings)}`
}

const LONGEST_SIDE = 2400 // pixels of a drawn picture

/** The picture with its boxes and its count, and the shares that the audit is told by, as a PNG file. */
async function drawn(audit: Audit, picture: ImageBitmap | null, chosen: Record<string, string>): Promise<Blob> {
  const { facings, ...reckoned } = reckon(audit)
  const { width, height } = audit.photo
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height))
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)]
  const size = Math.max(14, Math.round(wide / 45))
  const shares = toldShares(reckoned)
  const rows = folded(shares)
  const foot = Math.round(size * (2.2 + 1.9 * rows.length))
  const [canvas, context] = makeCanvas(wide, high + foot)
  if (picture) context.drawImage(picture, 0, 0, wide, high)
  const names = namesOf([...facings.map(({ facing }) => facing.brand), ...shares.map((row) => row.name)])
  const colors = colorsOf(names, chosen)
  const marked = facings.map(({ facing }) => ({ box: facing.box, color: colors.get(facing.brand) ?? GREY }))
  drawBoxes(context, marked, { left: 0, top: 0, scale }, Math.max(1.5, wide / 600))
  drawLabel(context, t('history.facings', { n: facings.length }), 0, 0, 1.6 * size)
  context.fillStyle = '#17302e'
  context.font = `600 ${size}px system-ui, sans-serif`
  const swept = audit.sweep?.unique ? [countedIn(audit)] : [] // beside the picture's own on it
  context.fillText([inLine(titleOf(audit), 40), ...swept, when(audit.time)].join(' · '), size, high + 0.6 * size, wide - 2 * size)
  rows.forEach((row, i) => {
    const top = high + size * (2.2 + 1.9 * i)
    context.fillStyle = colors.get(row.name) ?? GREY
    context.fillRect(size, top, Math.max(2, row.share * 0.4 * wide), 1.3 * size)
    context.fillStyle = '#17302e'
    const left = 2 * size + row.share * 0.4 * wide
    context.fillText(line(row), left, top + 0.15 * size, wide - size - left)
  })
  return canvas.convertToBlob({ type: 'image/png' })
}

/** The different brands of facings in an order that does not depend on their counts: `first` the gallery's. */
export function namesOf(brands: readonly string[], first: readonly string[] = []): string[] {
  const others = [...new Set(brands)].filter((brand) => brand && brand !== UNKNOWN && !first.includes(brand))
  return [...first, ...others.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))] // "look Z" before "look AA"
}
