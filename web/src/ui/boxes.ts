/** Boxes on a canvas, as a person can tell facing from facing and brand from brand. */

import type { Quad } from '../core'
import { inkOn } from './palette'

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

export interface Marked {
  box: Quad // xyxy in pixels of the picture
  color: string
}

/** Where a picture lies on a canvas: `x = left + scale * pixel`. */
export interface Placement {
  left: number
  top: number
  scale: number
}

const INK = '#141414'

/** Draw the frames of `marked`; a dark rim keeps each readable on packs of its own colour. */
export function drawBoxes(context: Context, marked: readonly Marked[], at: Placement, line: number): void {
  const paths = new Map<string, Path2D>() // one stroke a colour: hundreds of boxes draw in a millisecond
  const all = new Path2D()
  for (const { box, color } of marked) {
    const path = paths.get(color) ?? new Path2D()
    paths.set(color, path)
    for (const each of [path, all])
      each.rect(at.left + at.scale * box[0], at.top + at.scale * box[1], at.scale * (box[2] - box[0]), at.scale * (box[3] - box[1]))
  }
  context.lineJoin = 'round'
  context.lineWidth = line + 1.5
  context.strokeStyle = INK
  context.stroke(all)
  context.lineWidth = line
  for (const [color, path] of paths) {
    context.strokeStyle = color
    context.stroke(path)
  }
}

/** Draw the frame of the chosen facing: light, thick, with a dashed dark line in it. */
export function drawChosen(context: Context, box: Quad, at: Placement, line: number): void {
  const [x, y] = [at.left + at.scale * box[0], at.top + at.scale * box[1]]
  const [width, height] = [at.scale * (box[2] - box[0]), at.scale * (box[3] - box[1])]
  context.save()
  context.lineWidth = line + 3
  context.strokeStyle = '#ffffff'
  context.strokeRect(x, y, width, height)
  context.setLineDash([6, 4])
  context.lineWidth = line
  context.strokeStyle = INK
  context.strokeRect(x, y, width, height)
  context.restore()
}

/** Write `text` on a plate of `color` whose upper left corner is (x, y); gives the plate's height. */
export function drawLabel(context: Context, text: string, x: number, y: number, size: number, color = INK): number {
  context.font = `600 ${size}px system-ui, sans-serif`
  const pad = 0.35 * size
  const width = context.measureText(text).width + 2 * pad
  context.fillStyle = color
  context.fillRect(x, y, width, size + 2 * pad)
  context.fillStyle = color === INK ? '#ffffff' : inkOn(color)
  context.textBaseline = 'top'
  context.fillText(text, x + pad, y + pad)
  return size + 2 * pad
}
