/** Counting each facing once while a camera moves along the shelf. */

import { linearSumAssignment } from 'linear-sum-assignment'

import { areas, clipBoxes, iou, overlapOf } from './boxes'
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
const EDGE = 0.01 // of the picture's side: a box this near to it may be cut off
const AROUND = 0.6 // of a key frame's side, around it, in which it keeps facings
const MEMORY = 12 // frames that a facing's place is averaged over
const WITHIN = 0.8 // of a box that lies in a larger one, from where on it is a part of that facing
const LARGER = 1.3 // times its area
const PART = 0.25 // of the frames: what is a part so often is no facing
const STUB = 0.5 // of the typical area of what was seen whole: what is less and always cut off is no facing

type Column = 'classIds' | 'brandIds' | 'skuIds'

const VOTED: readonly Column[] = ['classIds', 'brandIds', 'skuIds']

/** One facing: how often it was found, and what it was taken for. */
class Track {
  found = 0
  expected = 0
  whole = 0 // times that it was found away from the picture's border
  parts = 0 // times that it was found as a part of a larger facing
  score = 0
  vector: Float32Array | null = null // the sum of those of its looks
  readonly votes: Record<Column, Map<number, number>> = {
    classIds: new Map(),
    brandIds: new Map(),
    skuIds: new Map(),
  }

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

  vote(column: Column, id: number, weight: number): void {
    this.votes[column].set(id, (this.votes[column].get(id) ?? 0) + weight)
  }

  /** Add the vector of one more look, or the sum of several. */
  addVector(vector: Float32Array): void {
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
    if (other.vector) this.addVector(other.vector)
    for (const column of VOTED) for (const [id, weight] of other.votes[column]) this.vote(column, id, weight)
  }

  /** The id with the most votes, and its share of them; -1 where nobody voted. */
  winner(column: Column): { id: number; share: number } {
    let [id, most, total] = [-1, -Infinity, 0]
    for (const [candidate, weight] of this.votes[column]) {
      total += weight
      if (weight > most) [id, most] = [candidate, weight]
    }
    return { id, share: id < 0 && !total ? 0 : most / Math.max(total, 1e-9) }
  }
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
  lost = false // whether the last frame's place is not known
  private next = 0
  private key: number | null = null

  constructor(private readonly motion: Motion = new CameraMotion()) {}

  /**
   * `found` in `frame` with `trackIds`; -1 where the frame's place is not known.
   *
   * @param vectors of `found`, where they are known.
   */
  update(frame: Raster, found: Detections, vectors?: Float32Array): Detections {
    const pose = this.motion.locate(frame)
    this.lost = !pose
    if (!pose) return { ...found, trackIds: new Int32Array(found.count).fill(-1) }
    this.bringOver(pose.key)
    return { ...found, trackIds: this.assign(pose, found, frame.width, frame.height, vectors) }
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
    const winners = (column: Column) => steady.map(([, track]) => track.winner(column))
    const voted = (column: Column) => steady.some(([, track]) => track.votes[column].size)
    const out = makeDetections(
      boxes,
      steady.map(([, track]) => track.score),
    )
    for (const column of VOTED)
      if (voted(column)) out[column] = Int32Array.from(winners(column), ({ id }) => id)
    if (voted('brandIds')) out.brandScores = Float32Array.from(winners('brandIds'), ({ share }) => share)
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
  private assign(pose: Pose, found: Detections, width: number, height: number, vectors?: Float32Array): Int32Array {
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
    const long = vectors ? vectors.length / found.count : 0
    for (let i = 0; i < found.count; i++) {
      if (tracks[i] < 0) continue
      if (parts[i]) this.tracks.get(tracks[i])!.parts++
      const [left, top, right, foot] = boxAt(found.boxes, i)
      const inner =
        left > EDGE * width && top > EDGE * height && right < width - EDGE * width && foot < height - EDGE * height
      this.learn(tracks[i], found, i, boxAt(here, i), inner, known)
      const track = this.tracks.get(tracks[i])!
      // A piece of a facing looks otherwise.
      if (vectors && (inner || !track.whole)) track.addVector(vectors.subarray(i * long, (i + 1) * long))
    }
    for (const id of inView) if (this.tracks.get(id)!.hopeless) this.forget(id)
    return tracks
  }

  private learn(
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
      const rate = whole ? Math.max(1 / track.found, 1 / MEMORY) : 1
      const now = before.map((value, k) => value + rate * (box[k] - value)) as Box
      known.set(id, now)
      track.size = [now[2] - now[0], now[3] - now[1]]
    }
    const sure = found.brandScores ? found.brandScores[i] : 1
    for (const column of VOTED) {
      const given = found[column]
      if (given) track.vote(column, given[i], column === 'classIds' ? 1 : given[i] >= 0 ? sure : 1 - sure)
    }
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
