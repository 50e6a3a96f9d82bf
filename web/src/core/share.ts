/** Share of shelf: how the shelf divides over brands, or over classes before brands are known. */

import { facingProbability } from './certainty'
import { type Detections, indicesWhere, selectDetections } from './detections'
import { isLook } from './looks'
import { mean, unique } from './numbers'
import { ShelfPlane } from './plane'
import { rowIdsOf } from './rows'

export const UNKNOWN = 'unknown'
export const OWN = 'own brands'
export const COMPETITORS = 'competitors'

const CERTAIN = 1.96 // standard errors on either side of a 95 % interval
export const REFUSED = 0.2 // how likely a facing that the gallery did not know is of one of its brands
const TOGETHER = 0.05 // correlation of the errors of facings of one brand; both as in Python

/**
 * One line of a table of shares, which lie from 0 to 1: of the facings, of the width along the boards (in
 * which what is stacked counts once), and of the boxes' area. A share lies, with a certainty of 95 %, within
 * its margin, as far as the doubt comes from boxes that may be no facings and brands that may be others.
 */
export interface ShareRow {
  name: string
  facings: number
  share: number
  margin: number
  linear: number
  linearMargin: number
  area: number
  areaMargin: number
}

export interface ShareOptions {
  labels?: readonly string[] // names of the classes
  brands?: readonly string[] // names of the brands, by brand id
  own?: readonly string[] // names of the own brands, to have them against all others; looks count as unknown
}

/** Facings and shares of each brand in one photo (of each class, where it has no brands), most first. */
export function shareOfShelf(found: Detections, options: ShareOptions): ShareRow[] {
  return shareOfShelves([found], options)
}

/**
 * As `shareOfShelf`, over several photos together; by brand only where every photo with facings has its
 * brands. A photo weighs as much as it has facings.
 */
export function shareOfShelves(photos: Detections[], options: ShareOptions): ShareRow[] {
  return sharesOf(
    photos.map((found) => ({ found, sizes: sizesOf(found) })),
    options,
  )
}

interface Measured {
  found: Detections
  sizes: Sizes
}

function sharesOf(measured: Measured[], options: ShareOptions): ShareRow[] {
  const measuredPhotos = measured.filter(({ found }) => found.count) // of others, brands are not known
  const photos = measuredPhotos.map(({ found }) => found)
  const byBrand = photos.length > 0 && photos.every((found) => found.brandIds)
  const names = (byBrand ? options.brands : options.labels) ?? []
  const called: string[] = []
  const present: number[] = []
  const sure: number[] = []
  const mergedSure: number[] = []
  const lengths: number[] = []
  const areas: number[] = []
  const brands: number[] = []
  const kinds: number[] = []
  for (const { found, sizes } of measuredPhotos) {
    const ids = byBrand ? found.brandIds! : found.classIds
    for (let i = 0; i < found.count; i++) {
      called.push(groupName(ids[i], names, options.own))
      present.push(facingProbability(found.scores[i]))
      const scored = byBrand && found.brandScores ? found.brandScores[i] : 1
      // None but a person is sure of both, that it is a facing and what it is.
      const unsure = byBrand && found.brandScores && Math.min(scored, found.scores[i]) < 1
      const sureOf = (id: number): number => (unsure && id < 0 ? 1 - REFUSED : scored)
      // To the brands, looks are what is unknown.
      const kind = byBrand && isLook(nameOf(ids[i], names)) ? -1 : ids[i]
      sure.push(sureOf(ids[i]))
      mergedSure.push(sureOf(kind))
      brands.push(ids[i])
      kinds.push(kind)
      lengths.push(sizes.lengths[i])
      areas.push(sizes.areas[i])
    }
  }
  const groupNames = [...new Set(called)].sort(byCodePoint)
  const groups = called.map((name) => groupNames.indexOf(name))
  const looks = groupNames.map((name) => byBrand && isLook(name))
  // Beside looks, what else is unknown is a line of its own.
  const apart = groupNames.map((name, group) => looks.includes(true) && (looks[group] || name === UNKNOWN))
  const merged = groupNames.map((name, group) => (looks[group] ? UNKNOWN : name))
  const mergedNames = [...new Set(merged)]
  const line = merged.map((name) => mergedNames.indexOf(name))
  const ones = new Array<number>(called.length).fill(1)
  const tables = [ones, lengths, areas].map((weights) => {
    const sums = new Array<number>(groupNames.length).fill(0)
    groups.forEach((group, i) => (sums[group] += weights[i]))
    const total = Math.max(
      sums.reduce((a, b) => a + b, 0),
      1e-9,
    )
    const shares = sums.map((sum) => sum / total)
    const together = mergedNames.map((_, k) => shares.reduce((sum, share, g) => sum + (line[g] === k ? share : 0), 0))
    const known = marginsOf(groups.map((g) => line[g]), together, weights, present, mergedSure, kinds)
    const unmerged = looks.includes(true) ? marginsOf(groups, shares, weights, present, sure, brands) : []
    return { shares, margins: apart.map((isApart, g) => (isApart ? unmerged[g] : known[line[g]])) }
  })
  const [count, linear, area] = tables
  return groupNames
    .map((name, group) => ({
      name,
      facings: groups.filter((other) => other === group).length,
      share: count.shares[group],
      margin: count.margins[group],
      linear: linear.shares[group],
      linearMargin: linear.margins[group],
      area: area.shares[group],
      areaMargin: area.margins[group],
    }))
    .sort((a, b) => b.facings - a.facings || byCodePoint(a.name, b.name))
}

/** As `shareOfShelf`, for each shelf row; `row` counts from 1, the topmost. */
export function shareByRow(found: Detections, options: ShareOptions): (ShareRow & { row: number })[] {
  const ids = found.rowIds ?? rowIdsOf(found.boxes)
  const whole = sizesOf(found) // tilt and perspective are those of all rows
  return unique(ids).flatMap((row) => {
    const places = indicesWhere(found.count, (i) => ids[i] === row)
    const [lengths, areas] = [whole.lengths, whole.areas].map((sizes) => ofMean(places.map((i) => sizes[i])))
    const part = { found: selectDetections(found, places), sizes: { lengths, areas } }
    return sharesOf([part], options).map((line) => ({ row: row + 1, ...line }))
  })
}

/** The name of group `id`; a class or brand without a name keeps its number. */
export function nameOf(id: number, names: readonly string[]): string {
  if (id < 0) return UNKNOWN
  return names[id] ?? String(id)
}

function groupName(id: number, names: readonly string[], own?: readonly string[]): string {
  const name = nameOf(id, names)
  if (!own || name === UNKNOWN) return name
  if (isLook(name)) return UNKNOWN
  return own.includes(name) ? OWN : COMPETITORS
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

interface Sizes {
  lengths: number[]
  areas: number[]
}

/** Width along its board and area of each facing, as parts of the photo's means. */
function sizesOf(found: Detections): Sizes {
  if (!found.count) return { lengths: [], areas: [] }
  const plane = ShelfPlane.fit(found.boxes)
  const flat = plane.straighten(found.boxes)
  const rows = found.rowIds ?? rowIdsOf(found.boxes, plane)
  const all = Array.from({ length: found.count }, (_, i) => i)
  const widths = all.map((i) => Math.max(flat[4 * i + 2] - flat[4 * i], 1e-6))
  const areas = all.map((i) => widths[i] * (flat[4 * i + 3] - flat[4 * i + 1]))
  const lengths = all.map((i) => {
    let stacked = 0
    for (const j of all) {
      if (rows[j] !== rows[i]) continue
      const shared = Math.min(flat[4 * i + 2], flat[4 * j + 2]) - Math.max(flat[4 * i], flat[4 * j])
      if (2 * shared > Math.min(widths[i], widths[j])) stacked++
    }
    return widths[i] / Math.max(stacked, 1)
  })
  return { lengths: ofMean(lengths), areas: ofMean(areas) }
}

function ofMean(values: number[]): number[] {
  const middle = Math.max(mean(values), 1e-9)
  return values.map((value) => value / middle)
}

/**
 * Half the width of each share's 95 % interval; 1 where nothing is known of it.
 *
 * What drawing many shelves at random would give, in closed form (the delta method): a box is a facing with
 * the probability `present`; a facing has its own name with the probability `sure`, else one of the others in
 * proportion to their shares. Whether a name is right is correlated among the facings of one of `brands`, by
 * `TOGETHER`; all else is independent.
 */
function marginsOf(
  groups: number[],
  shares: number[],
  weights: number[],
  present: number[],
  sure: number[],
  brands: number[],
): number[] {
  const total = weights.reduce((sum, weight, i) => sum + weight * present[i], 0)
  if (!(total > 0)) return shares.map(() => 1) // no box is a facing, as far as their scores tell
  const beyond = (i: number) => (1 - sure[i]) / Math.max(1 - shares[groups[i]], 1e-9) // times a share: of another group
  // Sums over the pairs of boxes of one brand, for each group.
  const pairs = (deviation: (i: number) => number): number[] => {
    const sums = new Map<number, { group: number; sum: number; squares: number }>()
    groups.forEach((group, i) => {
      const of = sums.get(brands[i]) ?? { group, sum: 0, squares: 0 }
      const part = weights[i] * present[i] * deviation(i)
      sums.set(brands[i], { group, sum: of.sum + part, squares: of.squares + part ** 2 })
    })
    const out = shares.map(() => 0)
    for (const { group, sum, squares } of sums.values()) out[group] += sum ** 2 - squares
    return out
  }
  const elsewhere = pairs((i) => Math.sqrt(beyond(i)))
  const within = pairs((i) => Math.sqrt(sure[i] * (1 - sure[i])))
  const everywhere = elsewhere.reduce((a, b) => a + b, 0)
  return shares.map((share, group) => {
    let variance = TOGETHER * (within[group] + share * (everywhere - elsewhere[group]))
    for (let i = 0; i < groups.length; i++) {
      const named = groups[i] === group ? sure[i] : beyond(i) * share
      const average = present[i] * (named - share)
      const square = present[i] * (named * (1 - share) ** 2 + (1 - named) * share ** 2)
      variance += weights[i] ** 2 * (square - average ** 2)
    }
    return Math.min((CERTAIN * Math.sqrt(Math.max(variance, 0))) / total, 1) // more says no less than nothing
  })
}
