/** Looks of a camera's frames before anything was taught: kept so that a look has one name for the whole sweep. */

import type { Auditor, Detections, EmbedderDescription } from '../core'
import { Gallery, groupLooks, indicesWhere, lookName, selectDetections } from '../core'

const SURE = 0.3 // score of a facing that may found a look
const AT_ONCE = 24 // facings embedded at a time: what keeps the pace
const SMALLEST = 2 // facings that found a look; a single one is more often a wrong box
const MOST = 26

/**
 * A gallery that grows by itself: what no look fits founds a new one.
 *
 * The worker names frames by it like by any gallery, so that live shares work from the first minute on.
 */
export class LiveLooks {
  private known = Gallery.empty('looks')
  private begun = false

  constructor(private readonly embedder: EmbedderDescription) {}

  /** The looks' names, by the brand ids of the frames. */
  get names(): string[] {
    return this.known.brands
  }

  /**
   * Found looks for facings of `picture` that have none; the picture then belongs to the auditor.
   *
   * @param wanted whether they are still of use when they are found.
   * @returns whether there are new ones.
   */
  async learn(auditor: Auditor, picture: ImageBitmap, found: Detections, wanted: () => boolean): Promise<boolean> {
    if (!this.begun) {
      this.begun = true
      await auditor.setGallery(this.known) // from now on facings are embedded, also those that no look fits
    }
    const unknown = indicesWhere(found.count, (i) => found.scores[i] >= SURE && (found.brandIds?.[i] ?? -1) < 0)
    if (unknown.length < SMALLEST || this.names.length >= MOST) {
      picture.close()
      return false
    }
    const chosen = unknown.slice(0, AT_ONCE)
    const vectors = await auditor.embed(picture, selectDetections(found, chosen).boxes)
    const grown = founded(this.known, vectors, this.embedder)
    if (grown === this.known || !wanted()) return false
    this.known = grown
    await auditor.setGallery(grown)
    return true
  }
}

/** `known` with a look for each group of `vectors` that it does not know. */
export function founded(known: Gallery, vectors: Float32Array, embedder: EmbedderDescription): Gallery {
  const { dimensions } = embedder
  const match = known.skus.length ? known.match(vectors, embedder).skuIds : null
  const strange = indicesWhere(vectors.length / dimensions, (i) => (match?.[i] ?? -1) < 0)
  const rows = (picked: number[]): Float32Array =>
    Float32Array.from(picked.flatMap((i) => Array.from(vectors.subarray(i * dimensions, (i + 1) * dimensions))))
  const groups = groupLooks(rows(strange), dimensions, embedder.likeness)
  let grown = known
  for (let group = 0; ; group++) {
    const members = strange.filter((_, i) => groups[i] === group)
    if (members.length < SMALLEST || grown.brands.length >= MOST) return grown // groups come largest first
    const name = lookName(grown.brands.length)
    grown = grown.teach(name, name, rows(members), members.map(() => new Uint8Array(0)), embedder)
  }
}
