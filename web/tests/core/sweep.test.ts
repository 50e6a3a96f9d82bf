import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { findHomography, inverse, moveBoxes, movePoints, multiply, overlapShare } from '../../src/core/homography'
import { makeDetections } from '../../src/core/detections'
import { CameraMotion, Links, type Pose } from '../../src/core/motion'
import type { Raster } from '../../src/core/raster'
import { assignBest, ShelfTracker } from '../../src/core/tracking'
import { asDetections, expectClose, vectors } from './vectors'

test('facings of a sweep are counted as in Python, the places being given', () => {
  const { size, key_size, links, frames, facings } = vectors('sweep')
  const motion = { keys: [] as { size: [number, number] }[], links: new Links(), locate: () => pose }
  let pose: Pose | null = null
  const tracker = new ShelfTracker(motion)
  const picture: Raster = { width: size[0], height: size[1], channels: 3, data: new Uint8Array(0) }
  for (const frame of frames) {
    pose = frame.pose && { key: frame.pose.key, homography: Float64Array.from(frame.pose.homography) }
    while (motion.keys.length < frame.keys) motion.keys.push({ size: key_size })
    for (const { pair, homography } of links)
      if (Math.max(...pair) < frame.keys) motion.links.set(pair[0], pair[1], Float64Array.from(homography))
    const found = tracker.update(picture, asDetections(frame.found))
    expect([...found.trackIds!]).toEqual(frame.found.track_ids)
    expect(tracker.count).toBe(frame.count)
  }
  const counted = tracker.facings()
  expect(counted.count).toBeGreaterThan(25)
  expect([...counted.trackIds!]).toEqual(facings.track_ids)
  expect([...counted.brandIds!]).toEqual(facings.brand_ids)
  expectClose(counted.brandScores!, facings.brand_scores, 1e-3)
  expectClose(counted.boxes, facings.boxes, 0.01)
  expectClose(counted.scores, facings.scores, 1e-4)
})

test('a facing has the vectors of its looks, in whole where it was seen so', () => {
  const motion = { keys: [{ size: [640, 480] as [number, number] }], links: new Links(), locate: () => ({ key: 0, homography: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) }) }
  const tracker = new ShelfTracker(motion)
  const picture: Raster = { width: 640, height: 480, channels: 3, data: new Uint8Array(0) }
  const look = (left: number, ...vectors: number[]): void =>
    tracker.learn(tracker.update(picture, makeDetections([left, 100, 90, 200, 300, 100, 390, 200], [0.9, 0.9])), Float32Array.from(vectors), [true, vectors.length > 2 && vectors[2] + vectors[3] > 0])
  look(0, 5, 5, 0, 0) // cut off
  look(20, 1, 0, 0, 0)
  expect(tracker.vectors(2)).toHaveLength(0)
  look(20, 1, 0, 0, 2)
  look(0, 5, 5, 0, 2) // cut off
  expect([...tracker.vectors(2)]).toEqual([2, 0, 0, 4])
  expect(tracker.facings().count).toBe(2)
})

test('a product is one of the brand that won, and what was not looked at has no say', () => {
  const motion = { keys: [{ size: [640, 480] as [number, number] }], links: new Links(), locate: () => ({ key: 0, homography: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) }) }
  const tracker = new ShelfTracker(motion)
  const picture: Raster = { width: 640, height: 480, channels: 3, data: new Uint8Array(0) }
  const look = (brand: number, sku: number, vector: number): void => {
    const found = tracker.update(picture, makeDetections([100, 100, 200, 200], [0.9]))
    const brands = { brandIds: Int32Array.of(brand), skuIds: Int32Array.of(sku), brandScores: Float32Array.of(0.9) }
    tracker.learn({ ...found, ...brands }, Float32Array.of(vector, 0), [vector > 0])
  }
  for (const [brand, sku] of [[0, 0], [0, 0], [0, 0], [0, 1], [0, 1], [1, 2], [1, 2], [1, 2], [1, 2]]) look(brand, sku, 1)
  for (let i = 0; i < 20; i++) look(-1, -1, 0)
  const { brandIds, skuIds, brandScores } = tracker.facings()
  expect([brandIds![0], skuIds![0]]).toEqual([0, 0])
  expect(brandScores![0]).toBeCloseTo((5 / 9) * 0.9)
})

test('an assignment gains as much as the best of all', () => {
  const all = (n: number): number[][] =>
    n === 0 ? [[]] : all(n - 1).flatMap((rest) => rest.concat(-1).map((_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]))
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (rows, columns, stream) => {
      const gains = Float64Array.from({ length: rows * columns }, () => {
        const value = stream.next().value!
        return value < 0.4 ? 0 : value
      })
      const found = assignBest(gains, rows, columns)
      const used = [...found].filter((column) => column >= 0)
      expect(new Set(used).size).toBe(used.length)
      const gain = (columnOf: (row: number) => number) =>
        Array.from({ length: rows }, (_, row) => (columnOf(row) >= 0 && columnOf(row) < columns ? gains[row * columns + columnOf(row)] : 0)).reduce((a, b) => a + b, 0)
      const best = Math.max(...all(Math.max(rows, columns)).map((order) => gain((row) => order[row])))
      expect(gain((row) => found[row])).toBeCloseTo(best, 9)
    }),
    { numRuns: 50 },
  )
})

describe('homographies', () => {
  const h = Float64Array.from([1.1, 0.05, -12, -0.02, 0.95, 7, 1e-4, -2e-4, 1])

  test('there and back', () => {
    const points = Float64Array.from([0, 0, 300, 20, 150, 180, 17, 99])
    expectClose(movePoints(movePoints(points, h), inverse(h)), points, 1e-6)
    const [unit] = [multiply(h, inverse(h))]
    expectClose(unit.map((value) => value / unit[8]), [1, 0, 0, 0, 1, 0, 0, 0, 1], 1e-9)
  })

  test.each([
    ['not', [1, 0, 0, 0, 1, 0, 0, 0, 1], [10, 20, 40, 100]],
    ['by a quarter', [0, -1, 200, 1, 0, 0, 0, 0, 1], [100, 10, 180, 40]],
    ['by half', [-1, 0, 200, 0, -1, 200, 0, 0, 1], [160, 100, 190, 180]],
    ['by three quarters', [0, 1, 0, -1, 0, 200, 0, 0, 1], [20, 160, 100, 190]],
    ['a little', [0.96, -0.28, 100, 0.28, 0.96, 0, 0, 0, 1], [92.8, 26.2, 121.6, 103.0]],
  ])('move boxes with a camera that is turned %s', (_, turn, to) => expectClose(moveBoxes(Float64Array.of(10, 20, 40, 100), Float64Array.from(turn)), to, 1e-9))

  test('are found among many wrong pairs', () => {
    const source = Float64Array.from({ length: 160 }, (_, k) => (k * 7919) % (k % 2 ? 181 : 317))
    const target = movePoints(source, h)
    for (let i = 0; i < 30; i++) target[2 * i] += 20 + ((i * 31) % 60)
    const found = findHomography(source, target, 1)!
    expect(found.support).toBe(50)
    expectClose(movePoints(source, found.homography).subarray(60), target.subarray(60), 0.01)
  })

  test('overlap of a picture moved by half', () => {
    expect(overlapShare(Float64Array.from([1, 0, 50, 0, 1, 0, 0, 0, 1]), [100, 60], [100, 60])).toBeCloseTo(0.5, 9)
    expect(overlapShare(Float64Array.from([1, 0, 500, 0, 1, 0, 0, 0, 1]), [100, 60], [100, 60])).toBe(0)
  })
})

/** A long shelf of packs with different prints, and what a camera sees of it. */
class Scene {
  private readonly data: Float32Array

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    let state = 7
    const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
    this.data = new Float32Array(width * height).fill(90)
    for (let n = 0; n < (width * height) / 300; n++) {
      const [x, y] = [Math.floor(random() * width), Math.floor(random() * height)]
      const [w, h, level] = [4 + random() * 18, 4 + random() * 22, random() * 255]
      for (let r = y; r < Math.min(y + h, height); r++) this.data.fill(level, r * width + x, r * width + Math.min(x + w, width))
    }
  }

  /** A frame of `w` x `h` pixels whose upper left corner is at (x, y), `scale` scene pixels a frame pixel. */
  frame(x: number, y: number, w: number, h: number, scale = 1): Raster {
    const data = new Uint8Array(3 * w * h)
    for (let r = 0; r < h && scale === 1; r++)
      for (let c = 0, k = 3 * r * w; c < w; c++, k += 3)
        data[k] = data[k + 1] = data[k + 2] = this.data[(y + r) * this.width + x + c]
    for (let r = 0; r < h && scale !== 1; r++)
      for (let c = 0; c < w; c++) {
        const [u, v] = [x + c * scale, y + r * scale]
        const [left, top] = [Math.floor(u), Math.floor(v)]
        const at = (dy: number, dx: number) => this.data[Math.min(top + dy, this.height - 1) * this.width + Math.min(left + dx, this.width - 1)]
        const [p, q] = [u - left, v - top]
        const level = (1 - q) * ((1 - p) * at(0, 0) + p * at(0, 1)) + q * ((1 - p) * at(1, 0) + p * at(1, 1))
        data.fill(Math.round(level), 3 * (r * w + c), 3 * (r * w + c) + 3)
      }
    return { width: w, height: h, channels: 3, data }
  }
}

describe('a camera is followed', () => {
  const scene = new Scene(1500, 330)
  const [w, h] = [320, 240]

  test.each([
    ['slowly', 20],
    ['quickly', 60],
  ])('%s along a shelf: its place in the key frame, and theirs to each other, are known', (_, step) => {
    const motion = new CameraMotion()
    const starts: [number, number][] = [] // of the key frames
    const middle = Float64Array.from([w / 2, h / 2])
    for (let x = 0; x <= 900; x += step) {
      const y = Math.round(30 + 12 * Math.sin(x / 80))
      const pose = motion.locate(scene.frame(x, y, w, h))
      expect(pose, `lost at ${x}`).not.toBeNull()
      if (motion.keys.length > starts.length) starts.push([x, y])
      const [left, top] = starts[pose!.key]
      expectClose(movePoints(middle, pose!.homography), [x - left + w / 2, y - top + h / 2], 1.5)
    }
    expect(starts.length).toBeGreaterThan(3)
    expect(starts.length).toBeLessThan(16)
    for (let key = 1; key < starts.length; key++) expect(motion.links.get(key - 1, key)).toBeDefined()
    for (const [a, b] of motion.links.pairs()) {
      const [dx, dy] = [starts[a][0] - starts[b][0], starts[a][1] - starts[b][1]]
      const shared = Float64Array.from([(w - dx) / 2, (h - dy) / 2]) // the middle of what both show
      const where = movePoints(shared, motion.links.get(a, b)!)
      expectClose(where, [shared[0] + dx, shared[1] + dy], 3)
    }
  })

  test.each([20, 30, 45])('%i pixels a frame along products of three like packs, 50 pixels apart', (step) => {
    const [wide, high] = [320, 240]
    const noise = (a: number, b: number) => Math.abs(Math.sin(a * 12.9898 + b * 78.233) * 43758.5453) % 1
    const grey = (x: number, y: number): number => {
      const [column, row] = [Math.floor(x / 50), Math.floor(y / 80)]
      const [inX, inY] = [(x % 50) - 5, (y % 80) - 8]
      if (inX < 0 || inX >= 40 || inY < 0 || inY >= 64) return 90
      const product = 10 * Math.floor((column + row) / 3) + row
      return Math.floor(255 * noise(product, 5 * (inY >> 3) + (inX >> 3)))
    }
    const motion = new CameraMotion()
    const starts = new Map<number, number>()
    for (const place of [100, 100, ...Array.from({ length: Math.floor(400 / step) }, (_, i) => 100 + step * i)]) {
      const data = new Uint8Array(3 * wide * high)
      for (let i = 0; i < data.length; i++)
        data[i] = grey((Math.floor(i / 3) % wide) + place, Math.floor(i / 3 / wide))
      const pose = motion.locate({ width: wide, height: high, channels: 3, data })!
      if (!starts.has(pose.key)) starts.set(pose.key, place)
      expect(Math.abs(pose.homography[2] / pose.homography[8] - (place - starts.get(pose.key)!))).toBeLessThan(4)
    }
  })

  test('nearer and further away', () => {
    const motion = new CameraMotion()
    for (let n = 0; n <= 12; n++) {
      const scale = 1 - 0.02 * n
      const pose = motion.locate(scene.frame(200 + (w / 2) * (1 - scale), 40 + (h / 2) * (1 - scale), w, h, scale))
      expect(pose).not.toBeNull()
      const [x, y] = movePoints(Float64Array.from([0, 0]), pose!.homography)
      expectClose([x, y], [(w / 2) * (1 - scale), (h / 2) * (1 - scale)], 1.5)
    }
  })

  test('after a cover the place is found again, and a wall gives none', () => {
    const motion = new CameraMotion()
    for (let x = 100; x <= 160; x += 10) expect(motion.locate(scene.frame(x, 30, w, h))).not.toBeNull()
    const wall: Raster = { width: w, height: h, channels: 3, data: new Uint8Array(3 * w * h).fill(120) }
    for (let n = 0; n < 8; n++) expect(motion.locate(wall)).toBeNull()
    const back = motion.locate(scene.frame(130, 35, w, h))
    expect(back?.key).toBe(0)
    expectClose(movePoints(Float64Array.from([0, 0]), back!.homography), [30, 5], 1)
    expect(motion.keys.length).toBe(1)
  })

  test('a jump to another shelf becomes a new place after a while', () => {
    const motion = new CameraMotion()
    for (let n = 0; n < 3; n++) motion.locate(scene.frame(0, 20, w, h))
    const poses = Array.from({ length: 8 }, () => motion.locate(scene.frame(1000, 20, w, h)))
    expect(poses[0]).toBeNull()
    expect(poses.at(-1)?.key).toBe(1)
    expect(motion.links.get(0, 1)).toBeUndefined()
  })

  test('a shelf that is passed row by row is one, however long ago the row above was passed', () => {
    const high = new Scene(1200, 360)
    const motion = new CameraMotion()
    const starts: [number, number][] = [] // of the key frames
    const along = Array.from({ length: 23 }, (_, i) => 40 * i)
    const down = [0, 40, 80, 120].map((y) => [880, y])
    for (const [x, y] of [...along.map((x) => [x, 0]), ...down, ...along.reverse().map((x) => [x, 120]), [0, 120]]) {
      const pose = motion.locate(high.frame(x, y, w, h))
      expect(pose, `lost at ${x}, ${y}`).not.toBeNull()
      if (motion.keys.length > starts.length) starts.push([x, y])
    }
    const below = starts.flatMap(([, y], key) => (y === 120 ? [key] : []))
    expect(below.length).toBeGreaterThan(3)
    for (const key of below) {
      const above = starts.flatMap(([x, y], other) => (y === 0 && Math.abs(x - starts[key][0]) < 60 ? [other] : []))
      expect(above.length).toBeGreaterThan(0)
      expect(above.some((other) => motion.links.get(key, other)), `key ${key} of ${starts.length}`).toBe(true)
    }
  })

  test('a whole sweep there and back counts each facing once', () => {
    const facings = Array.from({ length: 2 * 24 }, (_, i) => {
      const [column, row] = [i >> 1, i % 2]
      return [50 * column + 6, 120 * row + 50, 50 * column + 46, 120 * row + 140]
    })
    const tracker = new ShelfTracker()
    const along = Array.from({ length: 36 }, (_, i) => 22 * i)
    for (const x of [...along, ...[...along].reverse()]) {
      const y = 30
      const boxes = facings
        .map(([l, t, r, b]) => [Math.max(l - x, 0), Math.max(t - y, 0), Math.min(r - x, w), Math.min(b - y, h)])
        .filter(([l, , r]) => r - l > 10)
      const kept = { boxes: boxes.flat(), scores: boxes.map(() => 0.9), class_ids: boxes.map(() => 0) }
      tracker.update(scene.frame(x, y, w, h), asDetections(kept))
    }
    // Those that only the last frame shows are seen too seldom.
    const seen = facings.filter(([l]) => l < along.at(-2)! + w - 10).length
    expect(tracker.count).toBe(seen)
  })
})
