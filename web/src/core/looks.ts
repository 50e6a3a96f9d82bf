/** Facings grouped by look, before anything was taught. */

import type { EmbedderDescription } from './config'
import type { Gallery } from './gallery'
import { LONGEST_NAME } from './text'

const SAMPLE = 2000 // facings that are compared each with each; the rest join the nearest group

/**
 * The look of each facing: 0 for the most frequent, 1 for the next, and so on.
 *
 * Average-linkage clustering: groups join while their mean similarity is at least `likeness`. Of more than
 * `SAMPLE` facings, evenly spaced ones make the groups.
 *
 * @param embeddings unit vectors, `dimensions` numbers each.
 */
export function groupLooks(embeddings: Float32Array, dimensions: number, likeness: number): Int32Array {
  const count = embeddings.length / dimensions
  if (count < 2) return new Int32Array(count)
  const size = Math.min(count, SAMPLE)
  const chosen = Array.from({ length: size }, (_, i) => Math.floor((i * count) / size))
  const vector = (i: number) => embeddings.subarray(i * dimensions, (i + 1) * dimensions)
  let groups = clusters(chosen.map(vector), 1 - likeness)
  if (size < count) {
    const middles = centres(
      chosen.map(vector),
      groups,
    )
    groups = Int32Array.from({ length: count }, (_, i) => nearest(vector(i), middles))
  }
  return ranked(groups)
}

/** The unit mean vector of each group 0, 1, ... of `vectors`. */
export function centres(vectors: Float32Array[], groups: Int32Array): Float32Array[] {
  const sums: Float32Array[] = []
  vectors.forEach((vector, i) => {
    const sum = (sums[groups[i]] ??= new Float32Array(vector.length))
    for (let k = 0; k < vector.length; k++) sum[k] += vector[k]
  })
  return sums.map(toUnit)
}

/** `vector` divided by its length. */
export function toUnit(vector: Float32Array): Float32Array {
  const length = Math.max(Math.hypot(...vector), 1e-9)
  return vector.map((value) => value / length)
}

/** `"look A"` to `"look Z"`, then `"look AA"` and so on. */
export function lookName(number: number): string {
  let letters = ''
  for (let left = number + 1; left > 0; left = Math.floor((left - 1) / 26))
    letters = String.fromCharCode(65 + ((left - 1) % 26)) + letters
  return `look ${letters}`
}

/** Whether `name` is that of a look, which is unknown, and another one on each shelf. */
export function isLook(name: string): boolean {
  return /^look [A-Z]+$/.test(name)
}

/**
 * `gallery` with the facings of a look as its last examples, which are of `brand`.
 *
 * They are of the product called as the brand. Where that looks otherwise, so that most of them or of its own
 * examples would then no longer be known, they are of a further one, called as the brand and a number.
 *
 * @param vectors of `embedder`; `pictures` are what each looked like as a JPEG file.
 * @throws GalleryError the name cannot be a brand's, or the examples of `gallery` are of another embedder.
 */
export function taughtLook(
  gallery: Gallery,
  brand: string,
  vectors: Float32Array,
  pictures: readonly Uint8Array<ArrayBuffer>[],
  embedder: EmbedderDescription,
): Gallery {
  const called = gallery.spelled(brand)
  let name = called
  for (let number = 2; ; number++) {
    const sku = gallery.find(called, name)
    const taught = gallery.teach(called, name, vectors, pictures, embedder)
    if (!sku) return taught
    const which = gallery.skus.indexOf(sku)
    if (areMostly(which, gallery.examplesOf(sku.id), taught, embedder) && areMostly(which, vectors, taught, embedder)) return taught
    name = `${[...called].slice(0, LONGEST_NAME - 8).join('')} ${number}`
  }
}

/** Whether `gallery` knows most of what has the vectors `embeddings` as its product number `sku`. */
function areMostly(sku: number, embeddings: Float32Array, gallery: Gallery, embedder: EmbedderDescription): boolean {
  const { skuIds } = gallery.match(embeddings, embedder)
  return 2 * skuIds.filter((found) => found === sku).length >= skuIds.length
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k]
  return sum
}

function nearest(vector: Float32Array, middles: Float32Array[]): number {
  let best = 0
  let most = -Infinity
  middles.forEach((middle, group) => {
    const likeness = dot(vector, middle)
    if (likeness > most) [best, most] = [group, likeness]
  })
  return best
}

/** Groups renumbered: the largest first, of equal ones the one that appears first. */
function ranked(groups: Int32Array): Int32Array {
  const sizes = new Map<number, number>() // in order of appearance
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1)
  const order = [...sizes.keys()].sort((a, b) => sizes.get(b)! - sizes.get(a)!)
  const rank = new Map(order.map((group, i) => [group, i]))
  return groups.map((group) => rank.get(group)!)
}

/**
 * Average-linkage clusters by cosine distance, cut at `height`: (n,) group of each vector.
 *
 * By chains of nearest neighbours (Murtagh 1983), n * n steps; the npm libraries for it take n * n * n.
 */
function clusters(vectors: Float32Array[], height: number): Int32Array {
  const n = vectors.length
  const distance = new Float32Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++)
      distance[i * n + j] = distance[j * n + i] = Math.max(1 - dot(vectors[i], vectors[j]), 0)
  const size = new Float64Array(n).fill(1)
  const parent = Int32Array.from({ length: n }, (_, i) => i) // of those joined below the cut
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]]
    return i
  }
  const alive = new Set(parent)
  const chain: number[] = []
  while (alive.size > 1) {
    if (!chain.length) chain.push(alive.values().next().value!)
    const last = chain[chain.length - 1]
    const before = chain.length > 1 ? chain[chain.length - 2] : -1
    // Of equally near ones the one before, else the chain would run in a circle.
    let next = before
    let near = before < 0 ? Infinity : distance[last * n + before]
    for (const other of alive) {
      if (other === last || !(distance[last * n + other] < near)) continue
      next = other
      near = distance[last * n + other]
    }
    if (next !== before) {
      chain.push(next)
      continue
    }
    chain.length -= 2
    // Joins do not come in order of height, but none lies below those that it is made of.
    if (near <= height) parent[root(last)] = root(next)
    const total = size[last] + size[next]
    for (const other of alive) {
      const joined = (size[last] * distance[last * n + other] + size[next] * distance[next * n + other]) / total
      distance[next * n + other] = distance[other * n + next] = joined
    }
    size[next] = total
    alive.delete(last)
  }
  return Int32Array.from(parent, (_, i) => root(i))
}
