/** Where a moving camera looks: each frame laid over a key frame of the shelf. */

import { type Features, cornersOf, featuresOf, register } from './features'
import { follow, type Grey, greyOf, pyramidOf, shiftOf } from './flow'
import {
  findHomography,
  type Homography,
  identity,
  inverse,
  movePoints,
  multiply,
  overlapShare,
  scaling,
} from './homography'
import { median } from './numbers'
import type { Raster } from './raster'

const SIDE = 320 // pixels of the longer side, about, that motion is looked for at
const CORNERS = 200
const APART = 8 // pixels
const MIN_CORNERS = 25 // agreeing ones, below which a frame is lost
const SURE = 0.8 // of the corners that agree, below which they may have been taken for those of a like pack beside
const THIN = 90 // corners left, from which on new ones are taken
const TOLERANCE = 1.5 // pixels
const STAY = 0.6 // of the frame that must lie in its key frame, or another one is taken
const PATIENCE = 5 // lost frames full of detail, after which the camera is taken to be somewhere new
const SEARCHED = 4 // key frames a lost frame is compared with, so that it costs a few milliseconds
const RICH = 60 // points of a frame that shows something, as against a hand or a wall
const MAX_KEYS = 400

/** A frame's place: its key frame, and the homography from its own pixels to that one's small ones. */
export interface Pose {
  key: number
  homography: Homography
}

/** What tells a tracker where frames are. */
export interface Motion {
  readonly keys: { readonly size: [number, number] }[] // (w, h) in their small pixels
  readonly links: Links // homographies between those key frames that were found to overlap
  locate(frame: Raster): Pose | null
}

/** Homographies by pair of key frames. */
export class Links {
  private readonly byPair = new Map<string, { pair: [number, number]; homography: Homography }>()

  get(a: number, b: number): Homography | undefined {
    return this.byPair.get(`${a} ${b}`)?.homography
  }

  set(a: number, b: number, homography: Homography): void {
    this.byPair.set(`${a} ${b}`, { pair: [a, b], homography })
  }

  pairs(): [number, number][] {
    return [...this.byPair.values()].map(({ pair }) => pair)
  }
}

interface Key {
  features: Features
  size: [number, number]
}

interface Frame {
  grey: Grey
  pyramid: Grey[]
  size: [number, number]
}

/**
 * Follows a camera along a shelf, as Python's `CameraMotion` does with OpenCV.
 *
 * Corners of a key frame are followed from frame to frame; as each keeps its place in the key frame, the
 * homography to it does not drift. When the camera leaves a key frame, an older one that shows the place is
 * taken, else the frame becomes a new one. After a cover, a jump or a blur the place is found again by its
 * features. No common map is laid out: over a long shelf its errors would add up.
 */
export class CameraMotion implements Motion {
  readonly keys: Key[] = []
  readonly links = new Links()
  private pose: Pose | null = null // of the last frame, in its small pixels
  private key = 0 // where it was last
  private previous: Grey[] | null = null // the last frame
  private speed: [number, number] = [0, 0] // pixels a frame
  private corners: Float32Array = new Float32Array(0) // in that frame, and in its key frame:
  private anchors: Float32Array = new Float32Array(0)
  private lost = 0
  private search = 0
  private unchecked: [number, number][] = [] // key frames to compare, the next pair last

  locate(picture: Raster): Pose | null {
    const { grey, factor } = greyOf(picture, SIDE)
    const frame: Frame = { grey, pyramid: pyramidOf(grey), size: [grey.width, grey.height] }
    let pose = this.followed(frame)
    if (!pose) pose = this.found(frame)
    else if (overlapShare(pose.homography, frame.size, this.keys[pose.key].size) < STAY)
      pose = this.changed(frame, pose)
    else if (this.corners.length / 2 < THIN) this.takeCorners(grey, pose)
    this.pose = pose
    this.previous = frame.pyramid
    if (!pose) return null
    this.closeLoop()
    this.key = pose.key
    return { key: pose.key, homography: multiply(pose.homography, scaling(1 / factor)) }
  }

  /** The pose by the corners of the frame before. */
  private followed(frame: Frame): Pose | null {
    const count = this.corners.length / 2
    if (!this.pose || !this.previous || count < MIN_CORNERS || this.previous[0].width !== frame.grey.width) return null
    let best: { homography: Homography; moved: Float32Array; kept: number[] } | null = null
    for (const guess of [this.speed, null]) {
      const most: number = best?.kept.length ?? 0
      if (most >= SURE * count) break
      const flow = follow(this.previous, frame.pyramid, this.corners, guess ?? shiftOf(this.previous, frame.pyramid))
      const seen = [...flow.found.keys()].filter((i) => flow.found[i])
      const found = findHomography(pick(flow.points, seen), pick(this.anchors, seen), TOLERANCE)
      if (!found || found.support < Math.max(MIN_CORNERS, 0.4 * seen.length, most + 1)) continue
      const kept = seen.filter((_, i) => found.agree[i])
      best = { homography: found.homography, moved: pick(flow.points, kept), kept }
    }
    if (!best) return null
    const { homography, moved, kept } = best
    const step = (axis: number) => median(kept.map((from, i) => moved[2 * i + axis] - this.corners[2 * from + axis]))
    this.speed = [step(0), step(1)]
    this.corners = moved
    this.anchors = pick(this.anchors, kept)
    return { key: this.pose.key, homography }
  }

  /** The pose by features, after the corners were lost; a new place after a while. */
  private found(frame: Frame): Pose | null {
    const features = featuresOf(frame.grey)
    const rich = features.points.length / 2 >= RICH
    if (this.pose) [this.lost, this.search] = [0, 0] // it was lost just now
    // The place where it was lost and the ones around it first, then turn by turn all others.
    const order = [...this.keys.keys()].sort((a, b) => Math.abs(a - this.key) - Math.abs(b - this.key))
    const chosen = order
      .slice(0, SEARCHED)
      .map((_, i) => order[(this.search + i) % order.length])
    this.search += chosen.length
    const pose = this.best(features, frame.size, chosen)
    if (pose) {
      this.lost = 0
      this.takeCorners(frame.grey, pose)
      return pose
    }
    if (rich) this.lost++
    const over = this.lost >= PATIENCE && this.search >= this.keys.length && this.keys.length < MAX_KEYS
    if (!rich || (this.keys.length && !over)) return null
    this.lost = 0
    return this.addKey(frame, features)
  }

  /** The pose in another key frame, where the frame leaves its own. */
  private changed(frame: Frame, pose: Pose): Pose {
    const features = featuresOf(frame.grey)
    const near = new Map<number, Homography>()
    const pairs = this.links.pairs()
    for (const [a, b] of pairs) if (a === pose.key) near.set(b, multiply(this.links.get(a, b)!, pose.homography))
    for (const [a, b] of pairs)
      if (near.has(a) && b !== pose.key && !near.has(b)) near.set(b, multiply(this.links.get(a, b)!, near.get(a)!))
    const likely = [...near]
      .map(([key, h]) => ({ key, share: overlapShare(h, frame.size, this.keys[key].size) }))
      .filter(({ share }) => share >= STAY)
      .sort((a, b) => b.share - a.share)
      .slice(0, 3)
      .map(({ key }) => key)
    const better = this.best(features, frame.size, likely)
    if (!better) return this.keys.length >= MAX_KEYS ? pose : this.addKey(frame, features, pose)
    this.takeCorners(frame.grey, better)
    if (better.key !== pose.key && !this.links.get(pose.key, better.key))
      this.link(pose.key, better.key, multiply(better.homography, inverse(pose.homography)))
    return better
  }

  /** The pose in the one of `keys` that shows most of the frame. */
  private best(features: Features, size: [number, number], keys: number[]): Pose | null {
    let best: Pose | null = null
    let most = STAY / 2
    for (const key of keys) {
      const found = register(features, this.keys[key].features, TOLERANCE)
      if (!found) continue
      const shown = overlapShare(found.homography, size, this.keys[key].size)
      if (shown > most) [best, most] = [{ key, homography: found.homography }, shown]
      if (most > 0.9) break
    }
    return best
  }

  /** The pose in a new key frame; `last`: in the one that is left. */
  private addKey(frame: Frame, features: Features, last?: Pose): Pose {
    const key = this.keys.length
    this.keys.push({ features, size: frame.size })
    if (last) this.link(last.key, key, inverse(last.homography))
    const apart = this.apart(key)
    const others = [...apart.keys()].slice(0, key).sort((a, b) => apart[b] - apart[a])
    for (const other of others) this.unchecked.push([key, other])
    const pose = { key, homography: identity() }
    this.takeCorners(frame.grey, pose)
    return pose
  }

  private takeCorners(grey: Grey, pose: Pose): void {
    this.corners = cornersOf(grey, CORNERS, APART)
    this.anchors = Float32Array.from(movePoints(this.corners, pose.homography))
  }

  /** How far each key frame is from `key`, by way of their links, in pixels; SIDE where none lead. */
  private apart(key: number): number[] {
    const linked: number[][] = this.keys.map(() => [])
    for (const [a, b] of this.links.pairs()) linked[a].push(b)
    const middle = (of: number) => new Float64Array(this.keys[of].size.map((side) => side / 2))
    const apart = this.keys.map(() => SIDE)
    apart[key] = 0
    const places = new Map<number, Float64Array>([[key, middle(key)]]) // the middle of `key` in each of them
    for (const [a, place] of places)
      for (const b of linked[a])
        if (!places.has(b)) {
          const there = movePoints(place, this.links.get(a, b)!)
          places.set(b, there)
          apart[b] = Math.hypot(there[0] - middle(b)[0], there[1] - middle(b)[1])
        }
    return apart
  }

  /** Compare one pair of key frames that may show one place, reached by two ways: the nearest first. */
  private closeLoop(): void {
    for (let pair = this.unchecked.pop(); pair; pair = this.unchecked.pop()) {
      const [a, b] = pair
      if (this.links.get(a, b)) continue
      const found = register(this.keys[a].features, this.keys[b].features, TOLERANCE)
      if (found && overlapShare(found.homography, this.keys[a].size, this.keys[b].size) > 0.2)
        this.link(a, b, found.homography)
      return
    }
  }

  private link(a: number, b: number, homography: Homography): void {
    this.links.set(a, b, homography)
    this.links.set(b, a, inverse(homography))
  }
}

function pick(points: Float32Array, indices: number[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(2 * indices.length)
  indices.forEach((from, to) => {
    out[2 * to] = points[2 * from]
    out[2 * to + 1] = points[2 * from + 1]
  })
  return out
}
