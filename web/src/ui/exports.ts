/** Audits as CSV, JSON and file names, for other programs; columns and fields as Python's exports have them. */

import type { ShareRow } from '../core'
import type { Audit, Facing } from './audit'
import { UNKNOWN, reckon } from './audit'
import type { Row } from './csv'
import { toCsv } from './csv'
import { asFileName } from './text'

const WORDS = ['audit', 'time', 'store', 'shelf', 'category'] as const
const FACING_COLUMNS = [
  ...WORDS, 'photo', 'brand', 'product', 'brand_score', 'score', 'row', 'left', 'top', 'right', 'bottom',
] as const // prettier-ignore
const SHARE_COLUMNS = [
  ...WORDS, 'of', 'brand', 'facings', 'share', 'margin', 'linear', 'linear_margin', 'area', 'area_margin',
] as const // prettier-ignore

/** Every facing of `audits` as it stands after corrections. */
export function facingsCsv(audits: readonly Audit[]): string {
  const rows = audits.flatMap((audit) => {
    const { facings, found } = reckon(audit)
    return facings.map(({ facing }, i) => ({
      ...words(audit),
      photo: audit.photo.name,
      ...described(facing),
      row: found.rowIds ? found.rowIds[i] + 1 : -1, // from 1, the topmost
    }))
  })
  return toCsv(FACING_COLUMNS, rows)
}

/** Every brand's share in `audits` as it stands after corrections; `of` tells photo and sweep apart. */
export function sharesCsv(audits: readonly Audit[]): string {
  const rows = audits.flatMap((audit) => {
    const { shares, sweep } = reckon(audit)
    const of = (what: string, table: readonly ShareRow[]): Row[] =>
      table.map((share) => ({ ...words(audit), of: what, ...shareRecord(share, what === 'sweep') }))
    return [...of('photo', shares), ...of('sweep', sweep ?? [])]
  })
  return toCsv(SHARE_COLUMNS, rows)
}

/** All of `audits` as JSON text, as `skushare audit export` writes them. */
export function auditsJson(audits: readonly Audit[]): string {
  return `${JSON.stringify(audits.map(describe), null, 1)}\n`
}

/** All of `audit` as JSON values: facings as they were found, shares as they are after corrections. */
export function describe(audit: Audit): Record<string, unknown> {
  const { shares, sweep } = reckon(audit)
  return {
    id: audit.id ?? null,
    store: audit.store,
    shelf: audit.shelf,
    category: audit.category,
    note: audit.note,
    source: audit.source,
    time: audit.time,
    model: audit.model,
    model_digest: audit.modelDigest,
    gallery: audit.gallery,
    gallery_digest: audit.galleryDigest,
    thresholds: audit.thresholds,
    software: audit.software,
    photos: [{ ...audit.photo, facings: audit.found.map(described) }],
    corrections: audit.corrections.map((each) => ({ photo: 0, ...each })),
    shares: shares.map((share) => shareRecord(share)),
    sweep: audit.sweep && { unique: audit.sweep.unique, shares: (sweep ?? []).map((share) => shareRecord(share, true)) },
  }
}

/** A name that sorts by time and tells what it is: "2026-11-27-1405-store-shelf". */
export function fileStem(audit: Pick<Audit, 'time' | 'store' | 'shelf'>): string {
  const time = new Date(audit.time)
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day}-${two(time.getHours())}${two(time.getMinutes())}-${asFileName(`${audit.store} ${audit.shelf}`)}`
}

function words(audit: Audit): Row {
  return { audit: audit.id ?? '', time: audit.time, store: audit.store, shelf: audit.shelf, category: audit.category }
}

function described(facing: Facing): Row {
  const [left, top, right, bottom] = facing.box.map((edge) => round(edge, 2))
  return {
    brand: facing.brand || UNKNOWN,
    product: facing.product,
    brand_score: facing.brandScore === null ? null : round(facing.brandScore, 4),
    score: round(facing.score, 4),
    left,
    top,
    right,
    bottom,
  }
}

/** @param swept whether it is of a sweep, which does not know its stacks, and so no lengths. */
function shareRecord(share: ShareRow, swept = false): Row {
  return {
    brand: share.name,
    facings: share.facings,
    share: round(share.share, 6),
    margin: round(share.margin, 6),
    linear: swept ? null : round(share.linear, 6),
    linear_margin: swept ? null : round(share.linearMargin, 6),
    area: round(share.area, 6),
    area_margin: round(share.areaMargin, 6),
  }
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}
