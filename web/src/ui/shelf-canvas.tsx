/** A picture with its facings, to look at closely and to correct by touch, mouse or keyboard. */

import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Maximize, ZoomIn, ZoomOut } from 'lucide'
import type { Quad } from '../core'
import { drawBoxes, drawChosen, drawLabel } from './boxes'
import type { Placement } from './boxes'
import { Button } from './components'
import { FURTHEST, WHOLE, bounded, spotAt } from './shelf-view'
import type { Spot, View } from './shelf-view'
import { t } from './strings'
import { brief } from './text'

const DRAG = 8 // css pixels from which on a touch is a drag
const NEAR = 14 // css pixels beside a box that still choose it
const SMALLEST = 4 // pixels of an added box's side
const STEP = 0.004 // of the picture's longer side, an arrow key's move

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
  const pointers = useRef(new Map<number, { x: number; y: number }>())
  const drag = useRef<{ x: number; y: number; view: View; far: boolean } | null>(null)
  const hint = useId()
  const { picture, width, height, spots } = props

  useEffect(() => {
    const element = canvas.current!
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

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

  /** A pointer's place in pixels of the picture. */
  const place = (event: { clientX: number; clientY: number }): { x: number; y: number } => {
    const area = canvas.current!.getBoundingClientRect()
    return {
      x: (event.clientX - area.left - placement.left) / placement.scale,
      y: (event.clientY - area.top - placement.top) / placement.scale,
    }
  }

  function down(event: PointerEvent): void {
    if (event.button !== 0) return
    canvas.current!.setPointerCapture(event.pointerId)
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
    drag.current = { x: event.clientX, y: event.clientY, view, far: pointers.current.size > 1 }
    if (pointers.current.size > 1) setDrawing(null)
  }

  function move(event: PointerEvent): void {
    const known = pointers.current.get(event.pointerId)
    const start = drag.current
    if (!known || !start) return
    if (pointers.current.size === 2) {
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)![1]
      const before = Math.hypot(known.x - other.x, known.y - other.y)
      const after = Math.hypot(event.clientX - other.x, event.clientY - other.y)
      const middle = place({ clientX: (event.clientX + other.x) / 2, clientY: (event.clientY + other.y) / 2 })
      if (before > 0) zoom(after / before, { x: middle.x / width, y: middle.y / height })
      pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY })
      return
    }
    start.far ||= Math.hypot(event.clientX - start.x, event.clientY - start.y) > DRAG
    if (!start.far) return
    if (props.adding) {
      const [from, to] = [place({ clientX: start.x, clientY: start.y }), place(event)]
      setDrawing(clipped([Math.min(from.x, to.x), Math.min(from.y, to.y), Math.max(from.x, to.x), Math.max(from.y, to.y)]))
    } else if (start.view.scale > 1) {
      const pixels = fit * start.view.scale
      setView(
        bounded({
          scale: start.view.scale,
          x: start.view.x - (event.clientX - start.x) / (pixels * width),
          y: start.view.y - (event.clientY - start.y) / (pixels * height),
        }),
      )
    }
  }

  function up(event: PointerEvent): void {
    const start = drag.current
    pointers.current.delete(event.pointerId)
    if (pointers.current.size || !start) return
    drag.current = null
    if (drawing) {
      setDrawing(null)
      if (drawing[2] - drawing[0] >= SMALLEST && drawing[3] - drawing[1] >= SMALLEST) props.onAdd(drawing)
    } else if (!start.far) {
      const { x, y } = place(event)
      props.onChoose(spotAt(spots, x, y, NEAR / placement.scale)?.number ?? null)
    }
  }

  function cancel(event: PointerEvent): void {
    pointers.current.delete(event.pointerId)
    drag.current = null
    setDrawing(null)
  }

  const clipped = (box: Quad): Quad => [Math.max(0, box[0]), Math.max(0, box[1]), Math.min(width, box[2]), Math.min(height, box[3])]

  function wheel(event: WheelEvent): void {
    if (!event.ctrlKey) return // the page scrolls
    event.preventDefault()
    const { x, y } = place(event)
    zoom(Math.exp(-event.deltaY / 200), { x: x / width, y: y / height })
  }

  function key(event: KeyboardEvent): void {
    const at = spots.findIndex((spot) => spot.number === props.chosen)
    const [dx, dy] = ARROWS[event.key] ?? [0, 0]
    if (event.key === 'Escape') props.onChoose(null)
    else if ((event.key === 'Delete' || event.key === 'Backspace') && at >= 0) {
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
      const next = at < 0 ? 0 : Math.min(spots.length - 1, Math.max(0, at + dx + dy))
      props.onChoose(spots[next].number)
    } else return
    event.preventDefault()
  }

  /** A box moved by the keyboard is put where it is when Shift is let go. */
  function settle(): void {
    if (!drawing || pointers.current.size) return
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

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
