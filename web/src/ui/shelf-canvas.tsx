/** A picture with its facings, to look at closely and to correct by touch, mouse or keyboard. */

import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Maximize, ZoomIn, ZoomOut } from 'lucide'
import type { Quad } from '../core'
import { drawBoxes, drawChosen, drawLabel } from './boxes'
import type { Placement } from './boxes'
import { Button } from './components'
import { FURTHEST, WHOLE, bounded, placeAfter, spotAt } from './shelf-view'
import type { Spot, View } from './shelf-view'
import { t } from './strings'
import { brief } from './text'

const DRAG = 8 // css pixels from which on a touch is a drag
const NEAR = 14 // css pixels beside a box that still choose it
const SMALLEST = 4 // pixels of an added box's side
const STEP = 0.004 // of the picture's longer side, an arrow key's move

interface Point {
  x: number
  y: number
}

/** What moved fingers ask for: so many times the size about the middle between them, or a drag from a point on. */
type Motion = { times: number; middle: Point } | { from: Point }

/** The fingers on the picture, or the mouse: one taps or drags, two pinch, and the one left of a pinch does nothing. */
export class Fingers {
  private readonly at = new Map<number, Point>()
  private start: Point | null = null // of the tap, drag or pinch that goes on
  private far = false // it is no tap any more

  get count(): number {
    return this.at.size
  }

  down(id: number, point: Point): void {
    this.at.set(id, point)
    this.start = point
    this.far = this.at.size > 1
  }

  move(id: number, point: Point): Motion | null {
    const before = this.at.get(id)
    if (!before) return null
    this.at.set(id, point)
    if (!this.start || this.at.size > 2) return null
    if (this.at.size === 2) {
      const other = [...this.at].find(([each]) => each !== id)![1]
      const apart = Math.hypot(before.x - other.x, before.y - other.y)
      const middle = { x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 }
      return apart > 0 ? { times: Math.hypot(point.x - other.x, point.y - other.y) / apart, middle } : null
    }
    this.far ||= Math.hypot(point.x - this.start.x, point.y - this.start.y) > DRAG
    return this.far ? { from: this.start } : null
  }

  /** What came to its end. */
  up(id: number): 'tap' | 'drag' | null {
    const ended = this.start && this.at.has(id) ? (this.far ? 'drag' : 'tap') : null
    this.cancel(id)
    return this.at.size ? null : ended
  }

  cancel(id: number): void {
    if (this.at.delete(id)) this.start = null
  }
}

export function ShelfCanvas(props: {
  picture: ImageBitmap | null
  width: number
  height: number
  spots: readonly Spot[] // in reading order
  chosen: number | null
  adding: boolean
  labels: boolean
  description: string
  onChoose: (number: number | null) => void
  onAdd: (box: Quad) => void
  onMove: (number: number, box: Quad) => void
  onRemove: (number: number) => void
  children?: ComponentChildren // further tools, beside those that zoom
}): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [view, setView] = useState<View>(WHOLE)
  const [size, setSize] = useState({ width: 0, height: 0 })
  const [drawing, setDrawing] = useState<Quad | null>(null) // a box being added or moved
  const fingers = useRef(new Fingers())
  const held = useRef(WHOLE) // the view as it was when the last finger came down
  const last = useRef(0) // the place of the facing that was chosen last
  const hint = useId()
  const { picture, width, height, spots } = props

  useEffect(() => {
    const element = canvas.current!
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  useEffect(() => {
    const at = spots.findIndex((spot) => spot.number === props.chosen)
    if (at >= 0) last.current = at
  }, [props.chosen])

  const fit = Math.min(size.width / width, size.height / height)
  const placement: Placement = {
    scale: fit * view.scale,
    left: size.width / 2 - view.x * width * fit * view.scale,
    top: size.height / 2 - view.y * height * fit * view.scale,
  }

  useEffect(() => {
    const frame = requestAnimationFrame(() => draw())
    return () => cancelAnimationFrame(frame)
  })

  function draw(): void {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!element || !context || !size.width) return
    const ratio = devicePixelRatio || 1
    const [wide, high] = [Math.round(size.width * ratio), Math.round(size.height * ratio)]
    if (element.width !== wide || element.height !== high) [element.width, element.height] = [wide, high]
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, size.width, size.height)
    context.imageSmoothingQuality = 'high'
    if (picture) context.drawImage(picture, placement.left, placement.top, width * placement.scale, height * placement.scale)
    drawBoxes(context, spots, placement, 2)
    if (props.labels) for (const spot of spots) drawName(context, spot)
    const chosen = spots.find((spot) => spot.number === props.chosen)
    if (drawing) drawChosen(context, drawing, placement, 2)
    else if (chosen) drawChosen(context, chosen.box, placement, 2)
  }

  function drawName(context: CanvasRenderingContext2D, { box, label, color }: Spot): void {
    const room = placement.scale * (box[2] - box[0])
    if (room < 34 || !label) return
    const letters = Math.floor((room - 8) / 6.2)
    drawLabel(context, brief(label, Math.max(2, letters)), placement.left + placement.scale * box[0], placement.top + placement.scale * box[1], 10, color)
  }

  const zoom = (times: number, at = { x: view.x, y: view.y }): void =>
    setView((old) => {
      const scale = Math.min(FURTHEST, Math.max(1, old.scale * times))
      const keep = old.scale / scale // the point `at` stays where it is
      return bounded({ scale, x: at.x - (at.x - old.x) * keep, y: at.y - (at.y - old.y) * keep })
    })

  /** A place on the screen in pixels of the picture. */
  const place = ({ x, y }: Point): Point => {
    const area = canvas.current!.getBoundingClientRect()
    return { x: (x - area.left - placement.left) / placement.scale, y: (y - area.top - placement.top) / placement.scale }
  }

  function down(event: PointerEvent): void {
    if (event.button !== 0) return
    settle()
    canvas.current!.setPointerCapture(event.pointerId)
    fingers.current.down(event.pointerId, pointOf(event))
    held.current = view
    if (fingers.current.count > 1) setDrawing(null)
  }

  function move(event: PointerEvent): void {
    const at = pointOf(event)
    const motion = fingers.current.move(event.pointerId, at)
    if (!motion) return
    if ('times' in motion) {
      const middle = place(motion.middle)
      zoom(motion.times, { x: middle.x / width, y: middle.y / height })
    } else if (props.adding) {
      const [from, to] = [place(motion.from), place(at)]
      setDrawing(clipped([Math.min(from.x, to.x), Math.min(from.y, to.y), Math.max(from.x, to.x), Math.max(from.y, to.y)]))
    } else if (held.current.scale > 1) {
      const { scale, x, y } = held.current
      const pixels = fit * scale
      setView(bounded({ scale, x: x - (at.x - motion.from.x) / (pixels * width), y: y - (at.y - motion.from.y) / (pixels * height) }))
    }
  }

  function up(event: PointerEvent): void {
    const ended = fingers.current.up(event.pointerId)
    if (ended === 'tap') {
      const { x, y } = place(pointOf(event))
      props.onChoose(spotAt(spots, x, y, NEAR / placement.scale)?.number ?? null)
    } else if (ended && props.adding && drawing) {
      setDrawing(null)
      if (drawing[2] - drawing[0] >= SMALLEST && drawing[3] - drawing[1] >= SMALLEST) props.onAdd(drawing)
    }
  }

  function cancel(event: PointerEvent): void {
    fingers.current.cancel(event.pointerId)
    setDrawing(null)
  }

  const clipped = (box: Quad): Quad => [Math.max(0, box[0]), Math.max(0, box[1]), Math.min(width, box[2]), Math.min(height, box[3])]

  function wheel(event: WheelEvent): void {
    if (!event.ctrlKey) return // the page scrolls
    event.preventDefault()
    const { x, y } = place(pointOf(event))
    zoom(Math.exp(-event.deltaY / 200), { x: x / width, y: y / height })
  }

  function key(event: KeyboardEvent): void {
    const at = spots.findIndex((spot) => spot.number === props.chosen)
    const [dx, dy] = ARROWS[event.key] ?? [0, 0]
    if (event.key === 'Escape') {
      setDrawing(null)
      props.onChoose(null)
    } else if ((event.key === 'Delete' || event.key === 'Backspace') && at >= 0) {
      setDrawing(null) // Shift, let go later, is not to put the next facing there
      props.onRemove(spots[at].number)
      props.onChoose(spots[at + 1]?.number ?? spots[at - 1]?.number ?? null)
    } else if (event.key === '+') zoom(1.5)
    else if (event.key === '-') zoom(1 / 1.5)
    else if (event.shiftKey && (dx || dy) && at >= 0) {
      const step = Math.max(1, STEP * Math.max(width, height))
      const old = drawing ?? spots[at].box
      const [x, y] = [dx * step, dy * step]
      setDrawing(
        event.altKey
          ? clipped([old[0], old[1], Math.max(old[0] + SMALLEST, old[2] + x), Math.max(old[1] + SMALLEST, old[3] + y)])
          : clipped([old[0] + x, old[1] + y, old[2] + x, old[3] + y]),
      )
    } else if ((dx || dy) && spots.length) {
      props.onChoose(spots[placeAfter(at, dx + dy, spots.length, last.current)].number)
    } else return
    event.preventDefault()
  }

  /** A box moved by the keyboard is put where it is when Shift is let go. */
  function settle(): void {
    if (!drawing || fingers.current.count) return
    if (props.chosen !== null) props.onMove(props.chosen, drawing)
    setDrawing(null)
  }

  const zoomed = view.scale > 1
  const spoken = spots.find((spot) => spot.number === props.chosen)?.spoken ?? ''
  return (
    <div class="shelf-canvas">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={props.description}
        aria-describedby={hint}
        style={{ aspectRatio: `${width} / ${height}`, touchAction: zoomed || props.adding ? 'none' : 'pan-y', cursor: props.adding ? 'crosshair' : zoomed ? 'grab' : 'pointer' }}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={cancel}
        onWheel={wheel}
        onKeyDown={key}
        onKeyUp={(event) => event.key === 'Shift' && settle()}
        onBlur={settle}
      />
      <p id={hint} class="unseen">
        {t('review.move-hint')}
      </p>
      <p class="unseen" aria-live="polite">
        {spoken}
      </p>
      <div class="buttons tools">
        {props.children}
        <span class="tools-gap" />
        <Button label={t('review.zoom-in')} icon={ZoomIn} bare onClick={() => zoom(1.6)} disabled={view.scale >= FURTHEST} />
        <Button label={t('review.zoom-out')} icon={ZoomOut} bare onClick={() => zoom(1 / 1.6)} disabled={!zoomed} />
        <Button label={t('review.zoom-fit')} icon={Maximize} bare onClick={() => setView(WHOLE)} disabled={!zoomed} />
      </div>
    </div>
  )
}

const pointOf = ({ clientX: x, clientY: y }: MouseEvent): Point => ({ x, y })

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
