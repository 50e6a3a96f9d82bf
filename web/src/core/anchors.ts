/** Anchors (prior boxes): where they lie. */

import type { DetectorConfig } from './config'

// How often MobileNetV2 has halved its input where a feature map is tapped.
const HALVINGS: Record<string, number> = {
  block_3_expand_relu: 2,
  block_6_expand_relu: 3,
  block_13_expand_relu: 4,
  out_relu: 5,
}

/** (rows, columns) of each feature map; every halving rounds up (SAME padding). */
export function featureGrids(config: DetectorConfig, height: number, width: number): [number, number][] {
  const tapped = config.taps.map((tap) => {
    if (!(tap in HALVINGS)) throw new RangeError(`unknown feature map ${tap}`)
    return HALVINGS[tap]
  })
  const extra = config.anchors.sizes.length - tapped.length
  const deepest = tapped[tapped.length - 1]
  const halvings = [...tapped, ...Array.from({ length: extra }, (_, i) => deepest + i + 1)]
  return halvings.map((times) => [Math.ceil(height / 2 ** times), Math.ceil(width / 2 ** times)])
}

/**
 * All anchors for an input of `height` x `width` pixels: xyxy in input pixels, not clipped.
 *
 * Centres lie in the middle of each cell; the order is feature map, grid row, column, anchor of the cell.
 */
export function detectorAnchors(config: DetectorConfig, height: number, width: number): Float32Array {
  const grids = featureGrids(config, height, width)
  const { sizes, unit } = config.anchors
  const total = grids.reduce((sum, [rows, columns], level) => sum + rows * columns * sizes[level].length, 0)
  const out = new Float32Array(4 * total)
  let k = 0
  grids.forEach(([rows, columns], level) => {
    const cellWidth = width / columns
    const cellHeight = height / rows
    const halves = sizes[level].map(([w, h]) =>
      unit === 'cell' ? [(w * cellWidth) / 2, (h * cellHeight) / 2] : [(w * width) / 2, (h * height) / 2],
    )
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const x = (column + 0.5) * cellWidth
        const y = (row + 0.5) * cellHeight
        for (const [halfWidth, halfHeight] of halves) {
          out[k++] = x - halfWidth
          out[k++] = y - halfHeight
          out[k++] = x + halfWidth
          out[k++] = y + halfHeight
        }
      }
  })
  return out
}
