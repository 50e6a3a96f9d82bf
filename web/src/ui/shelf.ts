/** A counted picture before it is saved: everything found, down to low scores, so that thresholds can move. */

import type { Detections, EmbedderDescription, Gallery, Quad, Sweep } from '../core'
import { Auditor, indicesWhere, nameFacings, selectDetections, toUnit } from '../core'
import type { Facing, Source, SweepRecord } from './audit'

export const SCORE_FLOOR = 0.05 // kept down to here, as in skushare/album.py
const BRAND_FLOOR = 0.2 // below it facings get no brand: there are as many of them as of the others

/** What counted a shelf: not always what runs now, as a draft outlives an update of the app. */
export interface CountedBy {
  model: string
  digest: string
  embedder: string // digest of what made the vectors; empty without
  labels: readonly string[] // of the detections' classes
  software: string
}

/** A sweep that can be named anew: with the unit vectors of its facings, by the network of that digest. */
export interface CountedSweep extends SweepRecord {
  seen?: { vectors: Float32Array; embedder: string }
}

export interface Shelf {
  name: string // of the photo
  source: Source
  picture: ImageBitmap
  time: Date
  all: Detections // scores from SCORE_FLOOR on
  vectors: Float32Array | null // of `all`, zeros of those too low for a brand; null without an embedder
  sweep: CountedSweep | null
  by: CountedBy
  ms: number // from picture to facings
}

/** Find the facings of `picture`, which stays the caller's. */
export async function countShelf(
  auditor: Auditor,
  picture: ImageBitmap,
  about: { name: string; source: Source; sweep?: CountedSweep | null },
): Promise<Shelf> {
  const started = performance.now()
  const found = await auditor.detect(await createImageBitmap(picture), { minScore: SCORE_FLOOR, brands: false })
  const all = found.detections
  const vectors = await embedAll(auditor, picture, all)
  const { name, source, sweep = null } = about
  const { name: model, skushare: software, detector, embedder } = auditor.bundle.description
  const by = { model, digest: detector.digest, embedder: embedder?.digest ?? '', labels: detector.config.labels, software }
  return { name, source, picture, time: new Date(), all, vectors, sweep, by, ms: performance.now() - started }
}

/** Vectors of those of `all` that may get a brand, zeros of the others; `null` without an embedder. */
async function embedAll(auditor: Auditor, picture: ImageBitmap, all: Detections): Promise<Float32Array | null> {
  const { embedder, detector } = auditor.bundle.description
  if (!embedder) return null
  const { dimensions } = embedder
  const least = Math.min(BRAND_FLOOR, detector.config.min_score)
  const wanted = indicesWhere(all.count, (i) => all.scores[i] >= least)
  const vectors = new Float32Array(all.count * dimensions)
  if (!wanted.length) return vectors
  const made = await auditor.embed(await createImageBitmap(picture), selectDetections(all, wanted).boxes)
  wanted.forEach((at, i) => vectors.set(made.subarray(i * dimensions, (i + 1) * dimensions), at * dimensions))
  return vectors
}

/** `shelf` with the vectors of what `auditor` embeds with: an update may have brought another network. */
export async function embeddedBy(auditor: Auditor, shelf: Shelf): Promise<Shelf> {
  const embedder = auditor.bundle.description.embedder?.digest ?? ''
  if (shelf.by.embedder === embedder) return shelf
  return { ...shelf, vectors: await embedAll(auditor, shelf.picture, shelf.all), by: { ...shelf.by, embedder } }
}

/** The facings of a shelf that count, named; `picked` are their numbers in `shelf.all`. */
export interface Named {
  facings: Facing[]
  picked: number[]
  vectors: Float32Array | null // of the facings
  looks: ReadonlySet<string> // names that are no brands: "look A" and so on
}

/** The class labels that can stand for brands: none, where a single class means any facing. As in skushare/audits/audit.py. */
export function labelBrands(labels: readonly string[]): readonly string[] {
  return labels.length > 1 ? labels : []
}

/** The facings of `shelf` scored at least `minScore`, named by `gallery`; where that is empty, by label or else by look. */
export function nameShelf(
  shelf: Pick<Shelf, 'all' | 'vectors'>,
  minScore: number,
  embedder: EmbedderDescription | null,
  gallery: Gallery | null,
  labels: readonly string[],
): Named {
  const picked = indicesWhere(shelf.all.count, (i) => shelf.all.scores[i] >= minScore)
  const found = selectDetections(shelf.all, picked)
  const vectors = embedder && shelf.vectors && rowsOf(shelf.vectors, picked, embedder.dimensions)
  const known = gallery?.skus.length ? gallery : null
  const brands = labelBrands(labels)
  if (!embedder || !vectors || (!known && brands.length))
    return { facings: asFacings(found, brands, found.classIds), picked, vectors, looks: new Set() }
  const naming = nameFacings(found, vectors, embedder, known, known === null)
  const facings = asFacings(naming.detections, naming.brands, naming.detections.brandIds, known)
  return { facings, picked, vectors, looks: new Set(naming.brands.slice(naming.brands.length - naming.looks.length)) }
}

/** Rows `picked` of `vectors`. */
export function rowsOf(vectors: Float32Array, picked: readonly number[], dimensions: number): Float32Array {
  const rows = new Float32Array(picked.length * dimensions)
  picked.forEach((at, i) => rows.set(vectors.subarray(at * dimensions, (at + 1) * dimensions), i * dimensions))
  return rows
}

/** The facings that have a vector: those of low scores were not embedded. */
export function embedded(vectors: Float32Array, dimensions: number): number[] {
  const rows = Array.from({ length: vectors.length / dimensions }, (_, i) => vectors.subarray(i * dimensions, (i + 1) * dimensions))
  return indicesWhere(rows.length, (i) => rows[i].some((value) => value))
}

/** What a sweep has counted, with the names of `brands` by brand id. */
export function sweepRecord(sweep: Sweep, brands: readonly string[], embedder: EmbedderDescription | null): CountedSweep {
  const record = { unique: sweep.unique, found: asFacings(sweep.facings, brands, sweep.facings.brandIds) }
  if (!embedder || !sweep.vectors) return record
  const vectors = sweep.vectors.slice()
  for (let at = 0; at < vectors.length; at += embedder.dimensions) vectors.set(toUnit(vectors.subarray(at, at + embedder.dimensions)), at)
  return { ...record, seen: { vectors, embedder: embedder.digest } }
}

/** `sweep` as `gallery` names it by now; as it was recorded where that is empty or the vectors are not its network's. */
export function nameSweep({ seen, ...sweep }: CountedSweep, embedder: EmbedderDescription | null, gallery: Gallery | null): SweepRecord {
  if (!gallery?.skus.length || !embedder || seen?.embedder !== embedder.digest) return sweep
  const { brandIds, skuIds, scores } = gallery.match(seen.vectors, embedder)
  const found = sweep.found.map((facing, i) => ({
    ...facing,
    brand: gallery.brands[brandIds[i]] ?? '',
    brandScore: scores[i],
    product: gallery.skus[skuIds[i]]?.name ?? '',
  }))
  return { ...sweep, found }
}

function asFacings(found: Detections, names: readonly string[], ids: Int32Array | undefined, gallery: Gallery | null = null): Facing[] {
  return Array.from({ length: found.count }, (_, i) => {
    const id = ids?.[i] ?? -1
    const sku = found.skuIds?.[i] ?? -1
    return {
      box: Array.from(found.boxes.subarray(4 * i, 4 * i + 4)) as Quad,
      score: found.scores[i],
      brand: id >= 0 ? (names[id] ?? '') : '',
      brandScore: found.brandScores ? found.brandScores[i] : null,
      product: gallery && sku >= 0 ? gallery.skus[sku].name : '',
    }
  })
}
