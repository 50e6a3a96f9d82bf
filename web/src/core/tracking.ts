/** Counting each facing once while a camera moves along the shelf. */

import { linearSumAssignment } from 'linear-sum-assignment'

import { areas, areWhole, clipBoxes, iou, overlapOf } from './boxes'
import { type Detections, makeDetections } from './detections'
import { inverse, moveBoxes } from './homography'
import { CameraMotion, type Motion, type Pose } from './motion'
import { median } from './numbers'
import type { Raster } from './raster'

const MATCH_IOU = 0.3 // from here on a box is the facing that is expected there
const SAME = 0.5 // of the smaller one, from where on two facings of different key frames are one
const SEEN = 3 // frames in which a facing must be found before it counts
const STEADY = 0.5 // and the share of those in which it could have been
const HOPELESS = 0.15 // below this share, a track is forgotten
const IN_VIEW = 0.7 // of a facing that must be in the picture to be expected
const AROUND = 0.6 // of a key frame's side, around it, in which it keeps facings
const MEMORY = 12 // looks at a whole facing that its place is averaged over
const WITHIN = 0.8 // of a box that lies in a larger one, from where on it is a part of that facing
const LARGER = 1.3 // times its area
const PART = 0.25 // of the frames: what is a part so often is no facing
const STUB = 0.5 // of the typical area of what was seen whole: what is less and always cut off is no facing

type Votes = Map<number, number> // weight by id

/** One facing: how often it was found, and what it was taken for. */
class Track {
  found = 0
  expected = 0
  whole = 0 // times that it was found away from the picture's border
  parts = 0 // times that it was found as a part of a larger facing
  score = 0
  vector: Float32Array | null = null // the sum of those of its looks
  private ofWhole = false // whether these were seen whole
  readonly classes: Votes = new Map()
  readonly products = new Map<number, Votes>() // by brand id, the votes for its SKU ids
  private readonly voters: Votes = new Map() // by brand id, how many these are

  constructor(public size: [number, number]) {}

  /** Whether it was found often enough to count, and as a facing of its own. */
  get steady(): boolean {
    const often = this.found >= SEEN && this.found >= STEADY * this.expected
    return often && this.parts <= PART * this.found
  }

  get area(): number {
    return this.size[0] * this.size[1]
  }

  get hopeless(): boolean {
    return this.expected >= 10 && this.found < HOPELESS * this.expected
  }

  vote(brand: number, sku: number, weight: number, voters = 1): void {
    const votes = this.products.get(brand) ?? new Map<number, number>()
    this.products.set(brand, votes)
    add(votes, sku, weight)
    add(this.voters, brand, voters)
  }

  /** Add the vector of one more look, or the sum of several: a piece of a facing looks otherwise than the whole. */
  addVector(vector: Float32Array, ofWhole: boolean): void {
    if (this.ofWhole && !ofWhole) return
    if (ofWhole && !this.ofWhole) this.vector = null
    this.ofWhole = ofWhole
    const sum = (this.vector ??= new Float32Array(vector.length))
    for (let k = 0; k < sum.length; k++) sum[k] += vector[k]
  }

  /** Add what was seen of `other`, which is the same facing. */
  absorb(other: Track): void {
    this.found += other.found
    this.expected += other.expected
    this.whole += other.whole
    this.parts += other.parts
    this.score = Math.max(this.score, other.score)
    if (other.vector) this.addVector(other.vector, other.ofWhole)
    for (const [id, weight] of other.classes) add(this.classes, id, weight)
    for (const [brand, votes] of other.products) for (const [sku, weight] of votes) this.vote(brand, sku, weight, 0)
    for (const [brand, voters] of other.voters) add(this.voters, brand, voters)
  }

  /**
   * The brand with the most votes, the product with the most of those, and how sure the brand is; -1 without any.
   *
   * That is its share of the votes, times how sure those for it were: frames that agree make no brand surer, as they
   * show the same facing and are wrong together.
   */
  get brand(): { id: number; sku: number; sure: number } {
    const brands: Votes = new Map()
    for (const [brand, votes] of this.products) for (const weight of votes.values()) add(brands, brand, weight)
    const { id, weight, total } = winner(brands)
    const sure = (weight / Math.max(total, 1e-9)) * (weight / (this.voters.get(id) ?? 1))
    return { id, sku: winner(this.products.get(id) ?? new Map()).id, sure }
  }
}

function add(votes: Votes, id: number, weight: number): void {
  votes.set(id, (votes.get(id) ?? 0) + weight)
}

/** The id with the most votes, how many, and of how many; -1 where nobody voted. */
function winner(votes: Votes): { id: number; weight: number; total: number } {
  let [id, most, total] = [-1, -Infinity, 0]
  for (const [candidate, weight] of votes) {
    total += weight
    if (weight > most) [id, most] = [candidate, weight]
  }
  return { id, weight: Math.max(most, 0), total }
}

type Box = [number, number, number, number]

/**
 * Counts the facings of a sweep once each, however often the camera passes them.
 *
 * Each frame is laid over a key frame, and its boxes are assigned to the facings known there (Kuhn and
 * Munkres' assignment by overlap). A facing counts once it was found in a few frames, and in a fair share of
 * those that should show it. What often lies within a larger box, as the logo on a pack does, is no facing of
 * its own, nor is a row's edge that the camera never saw more of. A facing's brand is what most frames said.
 * Frames whose place is not known count nothing.
 */
export class ShelfTracker {
  private readonly tracks = new Map<number, Track>()
  private readonly maps: Map<number, Box>[] = [] // of each key frame: the places of tracks there
  private readonly linked = new Set<string>()
  private inner: boolean[] = [] // of the last frame: whether a facing is away from the picture's border
  lost = false // whether the last frame's place is not known
  private next = 0
  private key: number | null = null

  constructor(private readonly motion: Motion = new CameraMotion()) {}

  /** `found` in `frame` with `trackIds`; -1 where the frame's place is not known. Brands of theirs have a vote. */
  update(frame: Raster, found: Detections): Detections {
    const pose = this.motion.locate(frame)
    this.lost = !pose
    if (!pose) return { ...found, trackIds: new Int32Array(found.count).fill(-1) }
    this.bringOver(pose.key)
    const trackIds = this.assign(pose, found, frame.width, frame.height)
    trackIds.forEach((id, i) => this.vote(this.tracks.get(id), found, i))
    return { ...found, trackIds }
  }

  /**
   * Learn from the brands and the looks of what `update` gave for this frame.
   *
   * @param vectors of `found`; what is not `lookedAt` has no say.
   */
  learn(found: Detections, vectors: Float32Array, lookedAt: ArrayLike<boolean>): void {
    const long = vectors.length / found.count
    for (let i = 0; i < found.count; i++) {
      const track = this.tracks.get(found.trackIds![i])
      if (!track || !lookedAt[i]) continue
      const vector = vectors.subarray(i * long, (i + 1) * long)
      this.vote(track, found, i)
      track.addVector(vector, this.inner[i])
    }
  }

  private vote(track: Track | undefined, { brandIds, skuIds, brandScores }: Detections, i: number): void {
    if (!track || !brandIds) return
    const sure = brandScores?.[i]
    const weight = sure === undefined ? 1 : brandIds[i] >= 0 ? sure : 1 - sure
    track.vote(brandIds[i], skuIds ? skuIds[i] : -1, weight)
  }

  /** Number of facings counted so far. */
  get count(): number {
    return this.counted().length
  }

  /** [number, track] of the facings that count. */
  private counted(): [number, Track][] {
    const steady = [...this.tracks].filter(([, track]) => track.steady)
    const whole = steady.filter(([, track]) => track.whole).map(([, track]) => track.area)
    const least = whole.length ? STUB * median(whole) : 0
    return steady.filter(([, track]) => track.whole || track.area >= least)
  }

  /**
   * The facings counted so far, each once. A box is as large as the facing was seen, in pixels of a small
   * frame, and lies at 0, 0: a sweep has no common picture.
   */
  facings(): Detections {
    const steady = this.counted()
    const boxes = steady.flatMap(([, track]) => [0, 0, ...track.size])
    const out = makeDetections(
      boxes,
      steady.map(([, track]) => track.score),
    )
    out.classIds = Int32Array.from(steady, ([, track]) => winner(track.classes).id)
    if (steady.some(([, track]) => track.products.size)) {
      const brands = steady.map(([, track]) => track.brand)
      out.brandIds = Int32Array.from(brands, ({ id }) => id)
      out.skuIds = Int32Array.from(brands, ({ sku }) => sku)
      out.brandScores = Float32Array.from(brands, ({ sure }) => sure)
    }
    out.trackIds = Int32Array.from(steady, ([number]) => number)
    return out
  }

  /** Vectors of `facings`, `dimensions` numbers each and of any length; zeros where none was given. */
  vectors(dimensions: number): Float32Array {
    const steady = this.counted()
    const out = new Float32Array(steady.length * dimensions)
    steady.forEach(([, { vector }], i) => vector && out.set(vector, i * dimensions))
    return out
  }

  /** The track of each detection; the tracks learn from it. */
  private assign(pose: Pose, found: Detections, width: number, height: number): Int32Array {
    const known = this.maps[pose.key]
    const ids = [...known.keys()]
    const there = moveBoxes(flat([...known.values()]), inverse(pose.homography))
    const shown = clipBoxes(there, width, height)
    const [whole, seen] = [areas(there), areas(shown)]
    const inView = ids.filter((_, i) => seen[i] > IN_VIEW * whole[i])
    const visible = [...ids.keys()].filter((i) => seen[i] > 0.1 * whole[i])
    const overlaps = iou(found.boxes, flat(visible.map((i) => boxAt(shown, i))))
    const tracks = new Int32Array(found.count).fill(-1)
    assignBest(overlaps, found.count, visible.length).forEach((column, row) => {
      if (column >= 0 && overlaps[row * visible.length + column] >= MATCH_IOU) tracks[row] = ids[visible[column]]
    })

    const here = moveBoxes(found.boxes, pose.homography)
    for (let i = 0; i < found.count; i++) {
      if (tracks[i] >= 0) continue
      // A cut-off piece of a facing that is known, or a second box on one, is no new facing.
      const row = overlaps.subarray(i * visible.length, (i + 1) * visible.length)
      if (row.some((overlap) => overlap >= MATCH_IOU)) continue
      tracks[i] = this.next++
      const [left, top, right, foot] = boxAt(here, i)
      this.tracks.set(tracks[i], new Track([right - left, foot - top]))
      known.set(tracks[i], [left, top, right, foot])
    }
    for (const id of inView) this.tracks.get(id)!.expected++
    const parts = areParts(found.boxes)
    this.inner = areWhole(found.boxes, width, height)
    for (let i = 0; i < found.count; i++) {
      if (tracks[i] < 0) continue
      if (parts[i]) this.tracks.get(tracks[i])!.parts++
      this.see(tracks[i], found, i, boxAt(here, i), this.inner[i], known)
    }
    for (const id of inView) if (this.tracks.get(id)!.hopeless) this.forget(id)
    return tracks
  }

  private see(
    id: number,
    found: Detections,
    i: number,
    box: Box,
    whole: boolean,
    known: Map<number, Box>,
  ): void {
    const track = this.tracks.get(id)!
    track.found++
    if (whole) track.whole++
    track.expected = Math.max(track.expected, track.found)
    track.score = Math.max(track.score, found.scores[i])
    const before = known.get(id)!
    // What is cut off tells nothing of the place, unless nothing better is known.
    if (whole || boxArea(box) > boxArea(before)) {
      const rate = whole ? Math.max(1 / track.whole, 1 / MEMORY) : 1
      const now = before.map((value, k) => value + rate * (box[k] - value)) as Box
      known.set(id, now)
      track.size = [now[2] - now[0], now[3] - now[1]]
    }
    add(track.classes, found.classIds ? found.classIds[i] : 0, 1)
  }

  private forget(id: number): void {
    this.tracks.delete(id)
    for (const known of this.maps) known.delete(id)
  }

  /** Let the map of `key` know the facings of the key frames that overlap it. */
  private bringOver(key: number): void {
    while (this.maps.length < this.motion.keys.length) this.maps.push(new Map())
    for (const [a, b] of this.motion.links.pairs()) {
      const link = `${a} ${b}`
      if (this.linked.has(link)) continue
      this.linked.add(link)
      this.copy(a, b)
    }
    if (this.key !== null && key !== this.key && this.motion.links.get(this.key, key)) this.copy(this.key, key)
    this.key = key
  }

  /** Copy the facings of a key frame's map to another's, joining those that are one. */
  private copy(source: number, target: number): void {
    const known = this.maps[target]
    const there = this.maps[source]
    if (!there.size) return
    const moved = moveBoxes(flat([...there.values()]), this.motion.links.get(source, target)!)
    const [width, height] = this.motion.keys[target].size
    const near = [...there.keys()]
      .map((id, i) => ({ id, box: boxAt(moved, i) }))
      .filter(({ box: [left, top, right, foot] }) => {
        const [x, y] = [(left + right) / 2, (top + foot) / 2]
        const within = (place: number, side: number) => place > -AROUND * side && place < (1 + AROUND) * side
        return within(x, width) && within(y, height)
      })
    const others = [...known.keys()].filter((id) => !there.has(id))
    const a = flat(near.map(({ box }) => box))
    const b = flat(others.map((id) => known.get(id)!))
    const [areasA, areasB] = [areas(a), areas(b)]
    const overlaps = new Float64Array(near.length * others.length)
    for (let i = 0; i < near.length; i++)
      for (let j = 0; j < others.length; j++)
        overlaps[i * others.length + j] = overlapOf(a, i, b, j) / Math.max(Math.min(areasA[i], areasB[j]), 1)
    const pairs = assignBest(overlaps, near.length, others.length)
    near.forEach(({ id, box }, row) => {
      const column = pairs[row]
      if (column >= 0 && overlaps[row * others.length + column] >= SAME && !known.has(id)) this.join(id, others[column])
      else if (!known.has(id)) known.set(id, box)
    })
  }

  /** Make two tracks one. */
  private join(id: number, kept: number): void {
    this.tracks.get(kept)!.absorb(this.tracks.get(id)!)
    this.tracks.delete(id)
    for (const known of this.maps) {
      const box = known.get(id)
      known.delete(id)
      if (box && !known.has(kept)) known.set(kept, box)
    }
  }
}

/** Whether each box lies in a larger one, as the logo on a pack does. */
function areParts(boxes: Float32Array): boolean[] {
  const sizes = areas(boxes)
  const within = (i: number, j: number) =>
    sizes[j] >= LARGER * sizes[i] && overlapOf(boxes, i, boxes, j) >= WITHIN * sizes[i]
  return Array.from(sizes, (_, i) => sizes.some((_, j) => j !== i && within(i, j)))
}

/** The column of each row such that the assigned `gains` (rows, columns) together are greatest; -1 for none. */
export function assignBest(gains: Float64Array, rows: number, columns: number): Int32Array {
  const out = new Int32Array(rows).fill(-1)
  if (!rows || !columns) return out
  // Only rows and columns that gain anything: an assignment without gain changes no sum.
  const some = (row: number, column: number) => gains[row * columns + column] > 0
  const all = (n: number) => Array.from({ length: n }, (_, i) => i)
  const usedRows = all(rows).filter((row) => all(columns).some((column) => some(row, column)))
  const usedColumns = all(columns).filter((column) => usedRows.some((row) => some(row, column)))
  if (!usedRows.length) return out
  const matrix = usedRows.map((row) => usedColumns.map((column) => gains[row * columns + column]))
  const { rowAssignments } = linearSumAssignment(matrix, { maximaze: true })
  usedRows.forEach((row, i) => {
    const column = rowAssignments[i]
    if (column >= 0) out[row] = usedColumns[column]
  })
  return out
}

function boxAt(boxes: Float32Array | Float64Array, i: number): Box {
  return [boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]]
}

function flat(boxes: Box[]): Float64Array {
  return Float64Array.from(boxes.flat())
}

function boxArea([left, top, right, foot]: Box): number {
  return Math.max(right - left, 0) * Math.max(foot - top, 0)
}
