/** From a picture to the network's input. */

import type { DetectorConfig } from './config'
import { type Raster, shrunk } from './raster'
import { roundEven } from './rounding'

const PADDING = 114
const STRIDE = 32

/** An input of the network. */
export interface Input {
  data: Float32Array // RGB in 0..255, a row after the other
  width: number
  height: number
  scale: [number, number] // (x, y), input pixels a picture pixel
}

/**
 * [height, width] of the network's input for a picture: with `fit` the longest side becomes `longest`
 * pixels and both are rounded up to the network's stride, with `stretch` it is the model's square.
 */
export function inputSize(
  config: DetectorConfig,
  width: number,
  height: number,
  longest: number,
): [number, number] {
  if (config.resize === 'stretch') return [config.input_size, config.input_size]
  const scale = longest / Math.max(width, height)
  const side = (length: number) => Math.ceil(Math.max(1, roundEven(length * scale)) / STRIDE) * STRIDE
  return [side(height), side(width)]
}

/** `raster` resized to the network's input; with `fit` padded right and below with grey. */
export function prepare(config: DetectorConfig, raster: Raster, longest: number): Input {
  const [height, width] = inputSize(config, raster.width, raster.height, longest)
  let target: [number, number] = [width, height]
  if (config.resize === 'fit') {
    const scale = longest / Math.max(raster.width, raster.height)
    target = [raster.width, raster.height].map((side) => Math.max(1, roundEven(side * scale))) as typeof target
  }
  const small = shrunk(raster, ...target)
  const data = new Float32Array(3 * width * height)
  if (target[0] < width || target[1] < height) data.fill(PADDING)
  const row = 3 * target[0]
  for (let y = 0; y < target[1]; y++) data.set(small.data.subarray(y * row, (y + 1) * row), 3 * width * y)
  return { data, width, height, scale: [target[0] / raster.width, target[1] / raster.height] }
}
