/** Facings sorted into piles that look alike, for a person to put right, name and teach. As skushare/brands/piles.py. */

import type { EmbedderDescription, Gallery, Sku } from '../core'
import { groupLooks, indicesWhere } from '../core'
import { rowsOf } from './shelf'

const STRICTER = 0.1 // by which likeness rises when a pile is split
const STRICTEST = 0.98

/** The facings of a picture, each in one pile; a value, functions return a new one. */
export interface Piles {
  vectors: Float32Array // `dimensions` numbers a facing
  dimensions: number
  piles: Int32Array // of each facing; -1 where it is in none
}

/** Facings whose similarity is at least `likeness` on average share a pile. */
export function pilesByLook(vectors: Float32Array, { dimensions, likeness }: EmbedderDescription): Piles {
  return { vectors, dimensions, piles: groupLooks(vectors, dimensions, likeness) }
}

/** With `facings` in no pile: they are taught, or do not count any more. */
export function without(piles: Piles, facings: readonly number[]): Piles {
  const changed = piles.piles.slice()
  for (const i of facings) changed[i] = -1
  return { ...piles, piles: changed }
}

/** Numbers of the piles that are not empty. */
export function pileNumbers({ piles }: Piles): number[] {
  return [...new Set(piles)].filter((pile) => pile >= 0).sort((a, b) => a - b)
}

/** The facings of `pile`, those nearest to its middle first. */
export function membersOf({ vectors, dimensions, piles }: Piles, pile: number): number[] {
  const members = indicesWhere(piles.length, (i) => piles[i] === pile)
  const middle = new Float64Array(dimensions)
  for (const i of members) for (let k = 0; k < dimensions; k++) middle[k] += vectors[i * dimensions + k]
  const near = new Map(
    members.map((i) => {
      let sum = 0
      for (let k = 0; k < dimensions; k++) sum += vectors[i * dimensions + k] * middle[k]
      return [i, sum]
    }),
  )
  return members.sort((a, b) => near.get(b)! - near.get(a)! || a - b)
}

/** With `facings` in `pile`, or in a new one. */
export function moved(piles: Piles, facings: readonly number[], pile?: number): Piles {
  const changed = piles.piles.slice()
  const target = pile ?? Math.max(-1, ...changed) + 1
  for (const i of facings) if (changed[i] >= 0) changed[i] = target
  return { ...piles, piles: changed }
}

/** With `pile` in two or more by a stricter look than `likeness`; one of equals is halved. */
export function split(piles: Piles, pile: number, likeness: number): Piles {
  const members = indicesWhere(piles.piles.length, (i) => piles.piles[i] === pile)
  if (members.length < 2) return piles
  const vectors = rowsOf(piles.vectors, members, piles.dimensions)
  let looks: Int32Array = new Int32Array(members.length)
  while (!looks.some((look) => look > 0)) {
    likeness = Math.min(STRICTEST, likeness + STRICTER)
    looks = groupLooks(vectors, piles.dimensions, likeness)
    if (likeness === STRICTEST && !looks.some((look) => look > 0)) looks = looks.map((_, i) => i % 2)
  }
  const changed = piles.piles.slice()
  const last = Math.max(-1, ...changed)
  members.forEach((at, i) => {
    if (looks[i] > 0) changed[at] = last + looks[i]
  })
  return { ...piles, piles: changed }
}

/** What `gallery` takes most of a pile for, and how sure it is, 0 to 1. */
export interface Suggestion {
  pile: number
  sku: Sku | null
  sure: number
}

/** A suggestion a pile: what the gallery knows least first, large piles before small ones. */
export function suggestions(piles: Piles, gallery: Gallery | null, embedder: EmbedderDescription): Suggestion[] {
  const match = gallery?.skus.length ? gallery.match(piles.vectors, embedder) : null
  const found = pileNumbers(piles).map((pile) => {
    const members = indicesWhere(piles.piles.length, (i) => piles.piles[i] === pile)
    const votes = new Map<number, number>()
    for (const i of members) {
      const sku = match?.skuIds[i] ?? -1
      votes.set(sku, (votes.get(sku) ?? 0) + 1)
    }
    const best = [...votes].sort(([a, n], [b, m]) => m - n || a - b)[0][0]
    const agreeing = members.filter((i) => best >= 0 && match?.skuIds[i] === best)
    const sure = agreeing.reduce((sum, i) => sum + match!.scores[i], 0) / Math.max(1, agreeing.length)
    return { pile, sku: best >= 0 ? gallery!.skus[best] : null, sure, size: members.length }
  })
  found.sort((a, b) => Math.round(10 * a.sure) - Math.round(10 * b.sure) || b.size - a.size)
  return found.map(({ pile, sku, sure }) => ({ pile, sku, sure }))
}
