import { describe, expect, test } from 'vitest'
import fc from 'fast-check'

import { detectorAnchors, featureGrids } from '../../src/core/anchors'
import { iou } from '../../src/core/boxes'
import { Detector } from '../../src/core/detector'
import { nms } from '../../src/core/nms'
import { postprocess } from '../../src/core/postprocess'
import { inputSize, prepare } from '../../src/core/preprocess'
import { cropRaster, halve, mirrorRaster, type Raster, resize } from '../../src/core/raster'
import { roundEven } from '../../src/core/rounding'
import { mergeTiles, tileGrid } from '../../src/core/tiles'
import { mergeViews, vote } from '../../src/core/voting'
import { asLook, bytes, expectClose, vectors } from './vectors'

describe('anchors', () => {
  for (const { config, size, counts, sum, every, boxes } of vectors('anchors').cases)
    test(`lie where Python's lie: ${config.preset} at ${size}`, () => {
      const found = detectorAnchors(config, size[0], size[1])
      const grids = featureGrids(config, size[0], size[1])
      expect(grids.map(([rows, columns], i) => rows * columns * config.anchors.sizes[i].length)).toEqual(counts)
      expect(found.length).toBe(4 * counts.reduce((a: number, b: number) => a + b))
      const sums = [0, 0, 0, 0]
      found.forEach((value, k) => (sums[k % 4] += value))
      expectClose(sums, sum, 0.01 * counts.length)
      const some = Array.from({ length: boxes.length }, (_, k) => found[4 * every * Math.floor(k / 4) + (k % 4)])
      expectClose(some, boxes, 1e-3)
    })

  test('an unknown feature map is refused', () => {
    const { config } = vectors('anchors').cases[0]
    expect(() => featureGrids({ ...config, taps: ['block_99'] }, 320, 320)).toThrow('block_99')
  })
})

describe('heads become facings as in Python', () => {
  const { background, cases } = vectors('decoding')
  cases.forEach((kept: any, number: number) =>
    test(`case ${number}: ${kept.config.preset}, score ${kept.min_score}`, () => {
      const { config, size, scale, image, chosen } = kept
      const anchors = detectorAnchors(config, size[0], size[1])
      const columns = kept.logits.length / chosen.length
      const classLogits = new Float32Array((anchors.length / 4) * columns).fill(background)
      const boxCodes = new Float32Array(anchors.length)
      chosen.forEach((anchor: number, i: number) => {
        classLogits.set(kept.logits.slice(i * columns, (i + 1) * columns), anchor * columns)
        boxCodes.set(kept.codes.slice(4 * i, 4 * i + 4), 4 * anchor)
      })
      const most = config.max_detections
      const heads = { classLogits, boxCodes }
      const found = postprocess(config, anchors, heads, kept.min_score, most, scale, image[0], image[1])
      expectClose(found.scores, kept.found.scores, 1e-3)
      expect([...found.classIds]).toEqual(kept.found.class_ids)
      expectClose(found.boxes, kept.found.boxes, 0.02)
    }),
  )
})

describe('boxes are joined as in Python', () => {
  const kept = vectors('geometry')
  const boxes = Float32Array.from(kept.nms.boxes)

  test('non-maximum suppression and voting', () => {
    const keep = nms(boxes, kept.nms.scores, 0.5)
    expect(keep).toEqual(kept.nms.keep)
    const chosen = Float32Array.from(keep.flatMap((i) => [...boxes.subarray(4 * i, 4 * i + 4)]))
    expectClose(vote(chosen, boxes, kept.nms.scores), kept.vote, 0.01)
  })

  test('views of one picture', () => {
    const merged = mergeViews(kept.views.looks.map(asLook), 0.5)
    expectClose(merged.scores, kept.views.merged.scores, 1e-3)
    expect([...merged.classIds]).toEqual(kept.views.merged.class_ids)
    expectClose(merged.boxes, kept.views.merged.boxes, 0.02)
  })

  test('tiles of one picture', () => {
    const { tiles, looks, merged } = kept.tiles
    const found = mergeTiles(tiles, looks.map(asLook), 700, 300, 0.5)
    expectClose(found.scores, merged.scores, 1e-6)
    expectClose(found.boxes, merged.boxes, 1e-3)
    expect([...found.classIds]).toEqual(merged.class_ids)
    for (const { given, tiles } of kept.grids) {
      const [width, height, size, overlap] = given
      const grid = tileGrid(width, height, size, overlap)
      expect(grid.map(({ left, top, right, bottom }) => [left, top, right, bottom])).toEqual(tiles)
    }
  })

  test('what NMS keeps does not overlap, and what it drops overlaps something better', () => {
    const box = fc.tuple(
      fc.float({ min: 0, max: 90, noNaN: true }),
      fc.float({ min: 0, max: 90, noNaN: true }),
      fc.float({ min: 1, max: 40, noNaN: true }),
      fc.float({ min: 1, max: 40, noNaN: true }),
      fc.float({ min: 0, max: 1, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(box, { maxLength: 30 }), (drawn) => {
        const boxes = Float32Array.from(drawn.flatMap(([x, y, w, h]) => [x, y, x + w, y + h]))
        const scores = Float32Array.from(drawn, (d) => d[4])
        const keep = nms(boxes, scores, 0.4)
        const overlaps = iou(boxes, boxes)
        const n = scores.length
        for (const i of keep) for (const j of keep) if (i !== j) expect(overlaps[i * n + j]).toBeLessThanOrEqual(0.401)
        for (let i = 0; i < n; i++)
          if (!keep.includes(i))
            expect(keep.some((j) => overlaps[i * n + j] > 0.399 && scores[j] >= scores[i])).toBe(true)
      }),
      { numRuns: 60 },
    )
  })
})

describe('pictures are resized as by OpenCV', () => {
  const kept = vectors('pictures')
  const picture: Raster = {
    width: kept.picture.width,
    height: kept.picture.height,
    channels: 3,
    data: bytes(kept.picture.data),
  }
  const config = vectors('photos').config

  for (const { longest, size, scale, input } of kept.cases)
    test(`to the network's input, ${longest} pixels`, () => {
      expect(inputSize(config, picture.width, picture.height, longest)).toEqual(size)
      const found = prepare(config, picture, longest)
      expect(found.scale[0]).toBeCloseTo(scale[0], 6)
      expect(found.scale[1]).toBeCloseTo(scale[1], 6)
      expectClose(found.data, bytes(input), 1)
    })

  kept.crops.forEach(({ box, shape, resized }: any) =>
    test(`a facing, cut out at ${box}`, () => {
      const part = cropRaster(picture, box)
      expect([part.height, part.width]).toEqual(shape)
      const how = Math.min(part.width, part.height) > 24 ? 'area' : 'linear'
      expectClose(resize(part, 24, 24, how).data, bytes(resized), 1)
    }),
  )

  test('a canvas with its fourth byte gives the same', () => {
    const { width, height, data } = picture
    const rgba = new Uint8ClampedArray(4 * width * height).fill(7)
    for (let i = 0; i < width * height; i++) rgba.set(data.subarray(3 * i, 3 * i + 3), 4 * i)
    const canvas: Raster = { width, height, channels: 4, data: rgba }
    for (const longest of [20, 45, 64])
      expect(prepare(config, canvas, longest).data).toEqual(prepare(config, picture, longest).data)
    expect(mirrorRaster(mirrorRaster(canvas)).data).toEqual(data)
    expect(halve(canvas).data).toEqual(halve(picture).data)
  })

  test('an even picture stays even at any size', () => {
    const side = fc.integer({ min: 1, max: 40 })
    fc.assert(
      fc.property(side, side, side, side, fc.integer({ min: 0, max: 255 }), (w, h, toW, toH, level) => {
        const even: Raster = { width: w, height: h, channels: 3, data: new Uint8Array(3 * w * h).fill(level) }
        const how = w >= toW && h >= toH ? 'area' : 'linear'
        expect(new Set(resize(even, toW, toH, how).data)).toEqual(new Set([level]))
      }),
    )
  })

  test('halves go to the even neighbour', () => {
    expect([0.5, 1.5, 2.5, 2.4999, -1.5, 3].map(roundEven)).toEqual([0, 2, 2, 2, -2, 3])
  })
})

describe('photos are searched as in Python', () => {
  const { config, cases } = vectors('photos')

  for (const { width, height, rectangles, photo, live } of cases)
    test(`${width} x ${height}`, async () => {
      const data = new Uint8Array(3 * width * height)
      for (const [left, top, right, bottom] of rectangles)
        for (let y = top; y < Math.min(bottom, height); y++)
          data.fill(255, 3 * (y * width + left), 3 * (y * width + Math.min(right, width)))
      // Takes what is bright for facings, as the one that Python was asked with.
      const detector = new Detector(config, async (input) => {
        const anchors = detectorAnchors(config, input.height, input.width)
        const classLogits = Float32Array.from({ length: anchors.length / 4 }, (_, i) => {
          const x = Math.fround(anchors[4 * i] + anchors[4 * i + 2]) / 2 // rounded as NumPy does
          const y = Math.fround(anchors[4 * i + 1] + anchors[4 * i + 3]) / 2
          const at = 3 * (Math.trunc(y) * input.width + Math.trunc(x))
          const bright = (input.data[at] + input.data[at + 1] + input.data[at + 2]) / 3
          return bright > 90 ? 3 - 0.001 * x - 0.002 * y : -9
        })
        return { classLogits, boxCodes: anchors.map((_, k) => [0, 0, -0.4, -0.3][k % 4]) }
      })
      const raster: Raster = { width, height, channels: 3, data }
      const spent = { prepare: 0, network: 0, decode: 0 }
      for (const [found, kept] of [
        [await detector.detectPhoto(raster, { minScore: 0.3 }, spent), photo],
        [await detector.detectLive(raster, { minScore: 0.3 }, spent), live],
      ]) {
        expect(found.count).toBe(kept.scores.length)
        expectClose(found.scores, kept.scores, 1e-3)
        // Where scores are equal to a millionth, rounding settles the order.
        const sorted = (boxes: ArrayLike<number>) => {
          const rows = Array.from({ length: boxes.length / 4 }, (_, i) => Array.from(boxes).slice(4 * i, 4 * i + 4))
          return rows.sort((a, b) => Math.round(a[0] - b[0]) || a[1] - b[1]).flat()
        }
        expectClose(sorted(found.boxes), sorted(kept.boxes), 0.05)
      }
      expect(photo.scores.length).toBeGreaterThan(5)
    })

  test.each([
    [300, 16, 14, 8 * 28], // enlarged no more than eight times
    [60_000, 16, 48, 1536],
    [16, 60_000, 48, 1536],
    [16, 16, 1, 1536],
    [3000, 480, 5, 1536],
  ])('%i x %i takes bounded work', async (width, height, tiles, largest) => {
    const sides: number[] = []
    const thin = { ...config, photo_size: 1536, live_size: 512, facing_size: 40 }
    const detector = new Detector(thin, async ({ width, height }) => {
      sides.push(Math.max(width, height))
      const anchors = detectorAnchors(config, height, width).length / 4
      return { classLogits: new Float32Array(anchors).fill(-9), boxCodes: new Float32Array(4 * anchors) }
    })
    const raster: Raster = { width, height, channels: 3, data: new Uint8Array(3 * width * height) }
    await detector.detectPhoto(raster, {}, { prepare: 0, network: 0, decode: 0 })
    expect(sides.length).toBe((1 + config.photo_views.length) * tiles) // a glance first
    expect(Math.max(...sides)).toBe(largest)
  })
})
