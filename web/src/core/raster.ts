/** Pictures as bytes, resized as OpenCV does, so that the network sees what it sees in Python. */

import { roundEven } from './rounding'

/** RGB pixels, with a fourth byte that is skipped where `channels` is 4 (a canvas's). */
export interface Raster {
  width: number
  height: number
  channels: 3 | 4
  data: Uint8Array | Uint8ClampedArray
}

/** What `raster` shows in `box` (xyxy pixels), at least one pixel large; RGB. */
export function cropRaster(raster: Raster, box: ArrayLike<number>): Raster {
  const start = (value: number, end: number) => Math.min(Math.max(Math.floor(value), 0), end - 1)
  const left = start(box[0], raster.width)
  const top = start(box[1], raster.height)
  const right = Math.max(left + 1, Math.min(Math.ceil(box[2]), raster.width))
  const bottom = Math.max(top + 1, Math.min(Math.ceil(box[3]), raster.height))
  const width = right - left
  const height = bottom - top
  const data = new Uint8Array(3 * width * height)
  let at = 0
  for (let y = top; y < bottom; y++) {
    let from = (y * raster.width + left) * raster.channels
    for (let x = 0; x < width; x++, from += raster.channels) {
      data[at++] = raster.data[from]
      data[at++] = raster.data[from + 1]
      data[at++] = raster.data[from + 2]
    }
  }
  return { width, height, channels: 3, data }
}

/** `raster` with left and right exchanged; RGB. */
export function mirrorRaster({ width, height, channels, data }: Raster): Raster {
  const out = new Uint8Array(3 * width * height)
  let at = 0
  for (let y = 0; y < height; y++)
    for (let x = width - 1; x >= 0; x--) {
      const from = (y * width + x) * channels
      out[at++] = data[from]
      out[at++] = data[from + 1]
      out[at++] = data[from + 2]
    }
  return { width, height, channels: 3, data: out }
}

/** Half as large both ways, sides rounded down; each pixel is the mean of four (OpenCV's INTER_AREA). */
export function halve({ width, height, channels, data }: Raster): Raster {
  const w = width >> 1
  const h = height >> 1
  const out = new Uint8Array(3 * w * h)
  const stride = width * channels
  let at = 0
  for (let y = 0; y < h; y++) {
    let a = 2 * y * stride
    for (let x = 0; x < w; x++, a += 2 * channels) {
      const b = a + channels
      const c = a + stride
      const d = c + channels
      out[at++] = (data[a] + data[b] + data[c] + data[d] + 2) >> 2
      out[at++] = (data[a + 1] + data[b + 1] + data[c + 1] + data[d + 1] + 2) >> 2
      out[at++] = (data[a + 2] + data[b + 2] + data[c + 2] + data[d + 2] + 2) >> 2
    }
  }
  return { width: w, height: h, channels: 3, data: out }
}

/** Which source pixels (`from` on, `count` of them) make a pixel, and their weights. */
interface Taps {
  from: Int32Array
  count: Int32Array
  weights: Float32Array // `widest` for each pixel
  widest: number
}

/** The mean over the area that a pixel covers, for shrinking (OpenCV's INTER_AREA). */
function areaTaps(source: number, target: number): Taps {
  const scale = source / target
  const widest = Math.ceil(scale) + 2
  const from = new Int32Array(target)
  const count = new Int32Array(target)
  const weights = new Float32Array(target * widest)
  for (let i = 0; i < target; i++) {
    const start = i * scale
    const end = start + scale
    const size = Math.min(scale, source - start)
    const last = Math.min(Math.floor(end), source - 1)
    const first = Math.min(Math.ceil(start), last)
    let n = 0
    from[i] = first
    if (first - start > 1e-3) {
      from[i] = first - 1
      weights[i * widest + n++] = (first - start) / size
    }
    for (let k = first; k < last; k++) weights[i * widest + n++] = 1 / size
    if (end - last > 1e-3) weights[i * widest + n++] = Math.min(end - last, 1, size) / size
    count[i] = n
  }
  return { from, count, weights, widest }
}

/** Between which two pixels (the second being `next` further) a pixel lies, in parts of `ONE`. */
interface Between {
  from: Int32Array
  next: Int32Array
  first: Int32Array
  second: Int32Array
}

const ONE = 2048

function between(source: number, target: number): Between {
  const scale = source / target
  const zeros = () => new Int32Array(target)
  const out = { from: zeros(), next: zeros(), first: zeros(), second: zeros() }
  for (let i = 0; i < target; i++) {
    const place = Math.fround((i + 0.5) * scale - 0.5)
    let left = Math.floor(place)
    let part = Math.fround(place - left)
    if (left < 0) [left, part] = [0, 0]
    if (left >= source - 1) [left, part] = [source - 1, 0]
    out.from[i] = left
    out.next[i] = left < source - 1 ? 1 : 0
    out.first[i] = roundEven((1 - part) * ONE)
    out.second[i] = roundEven(part * ONE)
  }
  return out
}

/** `raster` at `width` x `height` pixels, between the nearest ones: OpenCV's INTER_LINEAR to the bit. */
function resizeLinear(raster: Raster, width: number, height: number): Raster {
  const across = between(raster.width, width)
  const down = between(raster.height, height)
  const out = new Uint8Array(3 * width * height)
  const rows = new Map<number, Int32Array>()
  const rowOf = (y: number): Int32Array => {
    let row = rows.get(y)
    if (!row) rows.set(y, (row = linearRow(raster, y, across)))
    return row
  }
  for (let y = 0; y < height; y++) {
    const top = down.from[y]
    for (const row of rows.keys()) if (row < top) rows.delete(row)
    const [upper, lower] = [rowOf(top), rowOf(top + down.next[y])]
    const [first, second] = [down.first[y], down.second[y]]
    const at = 3 * width * y
    for (let x = 0; x < upper.length; x++)
      out[at + x] = (((first * upper[x]) >> 16) + ((second * lower[x]) >> 16) + 2) >> 2
  }
  return { width, height, channels: 3, data: out }
}

function linearRow({ width, channels, data }: Raster, y: number, across: Between): Int32Array {
  const out = new Int32Array(3 * across.from.length)
  const start = y * width * channels
  for (let x = 0; x < across.from.length; x++) {
    const a = start + across.from[x] * channels
    const b = a + across.next[x] * channels
    const [first, second] = [across.first[x], across.second[x]]
    for (let c = 0; c < 3; c++) out[3 * x + c] = (first * data[a + c] + second * data[b + c]) >> 4
  }
  return out
}

/** `raster` at `width` x `height` pixels, by areas or linearly; RGB. */
export function resize(raster: Raster, width: number, height: number, how: 'area' | 'linear'): Raster {
  if (how === 'linear') return resizeLinear(raster, width, height)
  if (raster.width === 2 * width && raster.height === 2 * height) return halve(raster)
  const across = areaTaps(raster.width, width)
  const down = areaTaps(raster.height, height)
  const out = new Uint8Array(3 * width * height)
  // Rows are made narrow once each, and kept while the rows below still need them.
  const rows = new Map<number, Float32Array>()
  const sum = new Float32Array(3 * width)
  for (let y = 0; y < height; y++) {
    const first = down.from[y]
    for (const row of rows.keys()) if (row < first) rows.delete(row)
    sum.fill(0)
    for (let k = 0; k < down.count[y]; k++) {
      let row = rows.get(first + k)
      if (!row) rows.set(first + k, (row = narrowed(raster, first + k, across)))
      const weight = down.weights[y * down.widest + k]
      for (let x = 0; x < sum.length; x++) sum[x] += weight * row[x]
    }
    const at = 3 * width * y
    for (let x = 0; x < sum.length; x++) out[at + x] = sum[x] + 0.5 // of means: never beyond 255
  }
  return { width, height, channels: 3, data: out }
}

function narrowed({ width, channels, data }: Raster, y: number, taps: Taps): Float32Array {
  const out = new Float32Array(3 * taps.from.length)
  const start = y * width * channels
  for (let x = 0; x < taps.from.length; x++) {
    let red = 0
    let green = 0
    let blue = 0
    let at = start + taps.from[x] * channels
    for (let k = 0; k < taps.count[x]; k++, at += channels) {
      const weight = taps.weights[x * taps.widest + k]
      red += weight * data[at]
      green += weight * data[at + 1]
      blue += weight * data[at + 2]
    }
    out[3 * x] = red
    out[3 * x + 1] = green
    out[3 * x + 2] = blue
  }
  return out
}

/** `raster` at `width` x `height` pixels without aliasing, quickly: halved first, then averaged. */
export function shrunk(raster: Raster, width: number, height: number): Raster {
  const twice = (r: Raster) => r.width >= 2 * width && r.height >= 2 * height
  while (twice(raster) && raster.width % 2 === 0 && raster.height % 2 === 0) raster = halve(raster)
  return resize(raster, width, height, twice(raster) ? 'area' : 'linear')
}
