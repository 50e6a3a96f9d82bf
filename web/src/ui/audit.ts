/** The audit: what was found at one shelf at one time, and with what. As in `skushare/audits/audit.py`. */

import type { Detections, Quad, ShareRow } from '../core'
import { UNKNOWN, assignRows, makeDetections, shareByRow, shareOfShelf, tidyName } from '../core'

export { COMPETITORS, OWN, UNKNOWN } from '../core'

export interface Facing {
  box: Quad // xyxy in pixels of the photo
  score: number // 0 to 1; 1 where a person put it
  brand: string // empty where unknown
  brandScore: number | null // 0 to 1, how sure the brand is; null where nothing told
  product: string // empty where unknown
}

/** What a person decides about a facing. */
export interface Placed {
  box: Quad
  brand: string
}

/** One change by a person; `null` stands for no facing: before, it was added; after, removed. */
export interface Correction {
  facing: number // its number; from `found.length` on for added ones
  before: Placed | null
  after: Placed | null
  time: string // ISO
}

/** Facings of a camera moved along the shelf, each counted once. */
export interface SweepRecord {
  unique: number
  found: Facing[] // boxes in pixels of the sweep's first frame
}

export interface Words {
  store: string
  shelf: string
  category: string
  note: string
}

export type Source = 'photo' | 'live'

export interface Audit extends Words {
  id?: number // in the history; none before it is saved
  time: string // ISO, when the shelf looked like this
  source: Source
  photo: { name: string; width: number; height: number }
  found: Facing[] // as they were found; corrections come on top
  corrections: Correction[]
  sweep: SweepRecord | null
  model: string
  modelDigest: string
  gallery: string // name; empty where facings were grouped by look
  galleryDigest: string
  thresholds: Record<string, number | string>
  software: string
}

/** A facing as it stands after corrections, and its number in the audit. */
export interface Numbered {
  number: number
  facing: Facing
}

const SAME_PLACE = 0.01 // pixels that a box may differ by and not have moved, as in Python

/**
 * The facings of `audit` as they stand after its corrections, by number; those that are again as they were found keep
 * all that was found about them.
 */
export function current(audit: Pick<Audit, 'found' | 'corrections'>): Numbered[] {
  const facings = new Map<number, Facing>(audit.found.map((facing, number) => [number, facing]))
  for (const { facing: number, after } of audit.corrections) {
    const found = audit.found[number]
    const same = found && found.brand === after?.brand
    if (!after) facings.delete(number)
    else if (same && after.box.every((side, i) => Math.abs(side - found.box[i]) < SAME_PLACE)) facings.set(number, found)
    // A person is sure.
    else facings.set(number, { ...after, score: 1, brandScore: 1, product: same ? found.product : '' })
  }
  return [...facings].sort(([a], [b]) => a - b).map(([number, facing]) => ({ number, facing }))
}

/** Numbers of the facings that `corrections` remove. */
export function removed(corrections: readonly Correction[]): Set<number> {
  const gone = new Set<number>()
  for (const { facing, after } of corrections) {
    if (after) gone.delete(facing)
    else gone.add(facing)
  }
  return gone
}

/** `audit` with one more correction by a person. */
export function corrected<A extends Pick<Audit, 'found' | 'corrections'>>(
  audit: A,
  number: number | null, // null: a new facing
  after: Placed | null,
  time = new Date(),
): A {
  const now = current(audit)
  const before = number === null ? undefined : now.find((each) => each.number === number)
  if (number !== null && !before) return audit
  const facing = number ?? 1 + Math.max(audit.found.length - 1, ...audit.corrections.map((each) => each.facing))
  const correction: Correction = {
    facing,
    before: before ? { box: before.facing.box, brand: before.facing.brand } : null,
    after: after && { box: after.box, brand: tidyName(after.brand) },
    time: time.toISOString(),
  }
  return { ...audit, corrections: [...audit.corrections, correction] }
}

/** `audit` without its last correction. */
export function undone<A extends Pick<Audit, 'corrections'>>(audit: A): A {
  return { ...audit, corrections: audit.corrections.slice(0, -1) }
}

/**
 * `corrections` of facings numbered among all that were found, as an audit of the `picked` ones has them.
 *
 * What a facing that does not count was corrected to is an added one there; of one that was removed nothing is left.
 *
 * @returns also `numbers`: the one among all of each facing of the audit.
 */
export function counted(corrections: readonly Correction[], picked: readonly number[]): { corrections: Correction[]; numbers: number[] } {
  const numbers = [...picked]
  const places = new Map(numbers.map((at, number) => [at, number]))
  const shown = corrections.flatMap((each): Correction[] => {
    const place = places.get(each.facing)
    if (place !== undefined) return [{ ...each, facing: place }]
    if (!each.after) return []
    const added = numbers.push(each.facing) - 1
    places.set(each.facing, added)
    return [{ ...each, facing: added, before: null }]
  })
  return { corrections: shown, numbers }
}

/**
 * `corrections` of facings numbered among `all` that were found, after a person has made those that `counted` gives
 * into `now`: by one more, or by undoing the last. Those that cannot be seen stay.
 */
export function recounted(corrections: readonly Correction[], picked: readonly number[], all: number, now: readonly Correction[]): Correction[] {
  const { numbers } = counted(corrections, picked)
  const known = new Set(numbers)
  const shown = corrections.filter((each) => known.has(each.facing))
  const gone = new Set(shown.slice(now.length))
  const next = 1 + Math.max(all - 1, ...corrections.map((each) => each.facing))
  const more = now.slice(shown.length).map((each) => ({ ...each, facing: numbers[each.facing] ?? next }))
  return [...corrections.filter((each) => !gone.has(each)), ...more]
}

/** `corrections` with brands where a person told none: what the facing is named; of an added one, its neighbour. */
export function asNamed(corrections: readonly Correction[], found: readonly Facing[]): Correction[] {
  return corrections.map((each) => {
    const named = (placed: Placed | null): Placed | null =>
      placed && !placed.brand ? { ...placed, brand: found[each.facing]?.brand ?? mostlyAround(found, placed.box) } : placed
    return { ...each, before: named(each.before), after: named(each.after) }
  })
}

/** The brand of the facing nearest to `box`: what stands together is most often alike. */
export function mostlyAround(facings: readonly Facing[], box: Quad): string {
  const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
  let [best, least] = ['', Infinity]
  for (const facing of facings) {
    const far = Math.hypot((facing.box[0] + facing.box[2]) / 2 - x, (facing.box[1] + facing.box[3]) / 2 - y)
    if (far < least) [best, least] = [facing.brand, far]
  }
  return best
}

/** `corrections` with `looks` as unknown brands. */
export function unlooked(corrections: readonly Correction[], looks: ReadonlySet<string>): Correction[] {
  const named = (placed: Placed | null): Placed | null => (placed && looks.has(placed.brand) ? { ...placed, brand: '' } : placed)
  return corrections.map((each) => ({ ...each, before: named(each.before), after: named(each.after) }))
}

/** `audit` with `looks` as unknown brands: a look is called otherwise in the next photo, so it is never kept. */
export function withoutLooks(audit: Audit, looks: ReadonlySet<string>): Audit {
  if (!looks.size) return audit
  const found = audit.found.map((each) => (looks.has(each.brand) ? { ...each, brand: '', brandScore: null } : each))
  return { ...audit, found, corrections: unlooked(audit.corrections, looks) }
}

/**
 * Facings as detections with rows and brand ids, and the brands' names by id.
 *
 * @param asFound the facings before a person corrected them: where nothing told how sure any brand is, there are no
 *   scores, and what a person did not name is no brand that a gallery refused.
 */
export function asDetections(facings: readonly Facing[], asFound = facings): { found: Detections; brands: string[] } {
  const brands = [...new Set(facings.map((facing) => facing.brand).filter((brand) => brand))]
  const ids = new Map(brands.map((brand, id) => [brand, id]))
  const found = assignRows(
    makeDetections(
      facings.flatMap((facing) => facing.box),
      facings.map((facing) => facing.score),
    ),
  )
  found.brandIds = Int32Array.from(facings, (facing) => ids.get(facing.brand) ?? -1)
  if (asFound.some((facing) => facing.brandScore !== null))
    found.brandScores = Float32Array.from(facings, (facing) => facing.brandScore ?? 1)
  return { found, brands }
}

/** What an audit counts: the shares of the photo, by shelf row, and of the sweep where there was one. */
export interface Reckoning {
  facings: Numbered[]
  found: Detections // of `facings`, with rows
  rows: number
  shares: ShareRow[]
  byRow: (ShareRow & { row: number })[]
  sweep: ShareRow[] | null
}

/** @param own names of the own brands, to have them against all others. */
export function reckon(audit: Pick<Audit, 'found' | 'corrections' | 'sweep'>, own?: readonly string[]): Reckoning {
  const facings = current(audit)
  const { found, brands } = asDetections(facings.map((each) => each.facing), audit.found)
  const options = { labels: [], brands, own }
  const swept = audit.sweep && asDetections(audit.sweep.found)
  return {
    facings,
    found,
    rows: new Set(found.rowIds).size,
    shares: shareOfShelf(found, options),
    byRow: shareByRow(found, options),
    sweep: swept && shareOfShelf(swept.found, { labels: [], brands: swept.brands, own }),
  }
}

/** What people call an audit. */
export function titleOf(audit: Pick<Audit, 'store' | 'shelf' | 'photo'>): string {
  return [audit.store, audit.shelf].filter((word) => word).join(', ') || audit.photo.name
}

/** What `make` makes of an object, which does not change; of each it is made once. */
function once<K extends object, V>(make: (of: K) => V): (of: K) => V {
  const made = new WeakMap<K, { value: V }>()
  return (of) => {
    const known = made.get(of) ?? { value: make(of) }
    made.set(of, known)
    return known.value
  }
}

/** The shares of a sweep that has brands; `null` where the photo's tell more. */
export function namedSweep(sweep: readonly ShareRow[] | null): readonly ShareRow[] | null {
  return sweep?.some((row) => row.name !== UNKNOWN) ? sweep : null
}

/** The shares that an audit is told by: its sweep's, else its photo's. */
export function toldShares({ shares, sweep }: Pick<Reckoning, 'shares' | 'sweep'>): readonly ShareRow[] {
  return namedSweep(sweep) ?? shares
}

/** The shares that a saved audit is told by; a search asks for those of many audits at each letter. */
export const sharesOf = once((audit: Audit): readonly ShareRow[] => toldShares(reckon(audit)))

/**
 * Those of `audits` in which something was counted that are of one shelf, as they come: of the first that has more than
 * one; none where no shelf has.
 */
export function ofOneShelf<A extends Audit>(audits: readonly A[]): A[] {
  const shelves = new Map<string, A[]>()
  for (const audit of audits) {
    if (!audit.store && !audit.shelf) continue // it may be of any
    if (!current(audit).length && !audit.sweep?.found.some((facing) => facing.brand)) continue // nor has it any share
    const key = [audit.store, audit.shelf, audit.category].join('\n').toLocaleLowerCase()
    shelves.set(key, [...(shelves.get(key) ?? []), audit])
  }
  return [...shelves.values()].find((each) => each.length > 1) ?? []
}

const textOf = once((audit: Audit): string => {
  const facings = [...current(audit).map(({ facing }) => facing), ...(audit.sweep?.found ?? [])]
  const brands = new Set(facings.map((facing) => facing.brand))
  return [audit.store, audit.shelf, audit.category, audit.note, audit.photo.name, ...brands].join('\n').toLocaleLowerCase()
})

/** Whether every one of `words` is in what people wrote about `audit`, or among its brands. */
export function matches(audit: Audit, words: string): boolean {
  return words.toLocaleLowerCase().split(/\s+/).every((word) => textOf(audit).includes(word))
}
