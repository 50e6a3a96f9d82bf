/** Brands for facings: from a gallery, and from their looks where it knows none. */

import { areWhole, iou } from './boxes'
import type { EmbedderDescription } from './config'
import type { Detections } from './detections'
import { type Gallery, matchFacings, type MatcherData } from './gallery'
import { centres, dot, groupLooks, lookName } from './looks'
import { REFUSED } from './share'

const SAME = 0.5 // IoU from which a box shows the facing that it showed in the frame before
const A_FRAME = 16 // facings embedded a frame at most: what keeps the pace
const REMEMBERED = 2000 // facings out of view whose vectors are kept; a thousand take half a megabyte

/**
 * What the facings of a photo are: `brands` are names by brand id, those of the gallery, then those of the
 * looks; `looks` the number of each look's most typical facing, the most frequent look first.
 */
export interface Naming {
  detections: Detections
  brands: string[]
  looks: number[]
}

/** `found` with brands, from the vectors of its facings. */
export function named(found: Detections, embeddings: Float32Array, data: MatcherData): Detections {
  const { skuIds, brandIds, scores } = matchFacings(embeddings, data)
  return { ...found, skuIds, brandIds, brandScores: scores }
}

/**
 * The `Naming` of a photo.
 *
 * @param embeddings unit vectors of the facings; zeros are a facing that was not embedded and stays unknown.
 * @param byLook name what the gallery does not know (all, without one) "look A", "look B" and so on.
 */
export function nameFacings(
  found: Detections,
  embeddings: Float32Array,
  embedder: EmbedderDescription,
  gallery: Gallery | null,
  byLook: boolean,
): Naming {
  const { dimensions, likeness } = embedder
  const detections: Detections = gallery
    ? named(found, embeddings, gallery.matcherData(embedder))
    : { ...found, brandIds: new Int32Array(found.count).fill(-1) }
  const brands = gallery ? gallery.brands : []
  if (!byLook) return { detections, brands, looks: [] }
  const brandIds = detections.brandIds!.slice()
  const vector = (i: number) => embeddings.subarray(i * dimensions, (i + 1) * dimensions)
  const places = Array.from(brandIds.keys()).filter((i) => brandIds[i] < 0 && vector(i).some((value) => value))
  if (!places.length) return { detections, brands, looks: [] }
  const vectors = places.map(vector)
  const looks = groupLooks(Float32Array.from(vectors.flatMap((v) => [...v])), dimensions, likeness)
  // The gallery's score is of its nearest product; a look is what the gallery may know all the same.
  const brandScores = detections.brandScores?.slice()
  places.forEach((place, k) => {
    brandIds[place] = brands.length + looks[k]
    if (brandScores) brandScores[place] = 1 - REFUSED
  })
  const middles = centres(vectors, looks)
  const typical = middles.map((middle, look) => {
    const members = places.map((_, k) => k).filter((k) => looks[k] === look)
    return places[members.reduce((a, b) => (dot(vectors[b], middle) > dot(vectors[a], middle) ? b : a))]
  })
  return {
    detections: { ...detections, brandIds, ...(brandScores && { brandScores }) },
    brands: [...brands, ...typical.map((_, look) => lookName(look))],
    looks: typical,
  }
}

/** Makes the vectors of the facings in `boxes` of the present frame. */
export type Embed = (boxes: Float32Array) => Promise<Float32Array>

/** When a facing's vector was made: the frame, from 1, 0 for never; and whether the facing was seen whole there. */
interface Look {
  made: number
  ofWhole: boolean
}

/**
 * Names the facings of successive frames at the camera's pace.
 *
 * A facing keeps its vector as long as its track is the same, or without a track while it stays where it was; of
 * the others, and in turn of the older vectors, a few are made anew in each frame, so that a frame's time does not
 * depend on how many facings it shows. One that was made where the facing was cut off by the picture's border goes
 * for none as soon as the facing is seen whole. Its gallery (`data`) may be changed at any time.
 */
export class FrameNamer {
  private frame = 0
  private boxes = new Float32Array(0)
  vectors = new Float32Array(0) // of the last frame's facings; zeros of those that were not embedded yet
  private looks: Look[] = [] // of the same
  private readonly tracks = new Map<number, Look & { vector: Float32Array }>() // the newest last

  constructor(public data: MatcherData) {}

  /** Of which facings of the last frame the brand tells something. */
  get lookedAt(): boolean[] {
    return this.looks.map(({ made }) => made > 0)
  }

  /** `found` in a frame of this size, with brands; its `trackIds`, where it has any, tell what moved where. */
  async name(frame: { width: number; height: number }, found: Detections, embed: Embed): Promise<Detections> {
    this.frame++
    const { dimensions } = this.data
    const vectors = new Float32Array(found.count * dimensions)
    const looks = Array.from({ length: found.count }, (): Look => ({ made: 0, ofWhole: false }))
    const whole = areWhole(found.boxes, frame.width, frame.height)
    const trackOf = (i: number) => found.trackIds?.[i] ?? -1
    const overlaps = iou(found.boxes, this.boxes)
    const before = this.looks.length
    for (let i = 0; i < found.count; i++) {
      if (trackOf(i) >= 0) {
        const known = this.tracks.get(trackOf(i))
        if (!known) continue
        vectors.set(known.vector, i * dimensions)
        looks[i] = { made: known.made, ofWhole: known.ofWhole }
        continue
      }
      let best = 0
      for (let j = 1; j < before; j++) if (overlaps[i * before + j] > overlaps[i * before + best]) best = j
      if (!(overlaps[i * before + best] >= SAME)) continue
      vectors.set(this.vectors.subarray(best * dimensions, (best + 1) * dimensions), i * dimensions)
      looks[i] = { ...this.looks[best] }
    }
    looks.forEach((look, i) => {
      if (whole[i] && !look.ofWhole) look.made = 0
    })
    // What has no vector first, whole facings before others; that of a whole one gets no better cut off.
    const turn = (i: number) => (whole[i] ? 0 : 1) + (looks[i].made ? 2 : 0)
    const chosen = [...looks.keys()]
      .filter((i) => whole[i] || !looks[i].ofWhole)
      .sort((a, b) => turn(a) - turn(b) || looks[a].made - looks[b].made || a - b)
      .slice(0, A_FRAME)
    const anew = await embed(Float32Array.from(chosen.flatMap((i) => [...found.boxes.subarray(4 * i, 4 * i + 4)])))
    chosen.forEach((i, k) => {
      const vector = anew.slice(k * dimensions, (k + 1) * dimensions)
      vectors.set(vector, i * dimensions)
      looks[i] = { made: vector.some((value) => value) ? this.frame : 0, ofWhole: whole[i] }
      if (trackOf(i) < 0 || !looks[i].made) return
      this.tracks.delete(trackOf(i))
      this.tracks.set(trackOf(i), { vector, ...looks[i] })
    })
    for (const track of this.tracks.keys()) {
      if (this.tracks.size <= found.count + REMEMBERED) break
      this.tracks.delete(track)
    }
    this.boxes = found.boxes.slice()
    this.vectors = vectors
    this.looks = looks
    return named(found, vectors, this.data)
  }
}
