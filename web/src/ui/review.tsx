/** A counted shelf to look at, correct, name and pass on: before it is saved, and from the history. */

import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Check, Download, Share2, SquarePlus, Tags, Trash2, Undo2 } from 'lucide'
import type { Quad } from '../core'
import { LONGEST_NAME, tidyName } from '../core'
import type { Audit, Numbered, Placed, Reckoning } from './audit'
import { UNKNOWN, corrected, mostlyAround, reckon, undone } from './audit'
import { shownName } from './charts'
import { Button, Metric, Notice, TextField, useBusy } from './components'
import { asFile, canShare, download, namesOf, share } from './download'
import type { Kind } from './download'
import { number } from './format'
import { GREY, colorsOf } from './palette'
import { Shares } from './reckoned'
import { gallery, labelled, reason } from './session'
import { ShelfCanvas } from './shelf-canvas'
import type { Spot } from './shelf-view'
import { t } from './strings'

interface Props {
  audit: Audit
  exported?: Audit // where that is not `audit` as it is
  picture: ImageBitmap | null
  looks?: ReadonlySet<string> // names that are no brands to choose
  onChange: (audit: Audit) => void
  /** Teach the facing `number` and those that look like it; absent where their vectors are not known. */
  onTeach?: (number: number, brand: string) => Promise<void>
  children?: ComponentChildren // above the shares
  footer?: ComponentChildren // below them
}

export function Review({ audit, exported = audit, picture, looks, onChange, onTeach, children, footer }: Props): JSX.Element {
  const [chosen, setChosen] = useState<number | null>(null)
  const [adding, setAdding] = useState(false)
  const shown = useRef<HTMLDivElement>(null)
  /** Close the facing's panel; the focus, which goes with it, goes back to the picture. */
  const close = (): void => {
    setChosen(null)
    const elsewhere = document.activeElement !== document.body && !shown.current?.contains(document.activeElement)
    if (!elsewhere) shown.current?.querySelector('canvas')?.focus({ preventScroll: true })
  }
  const [labels, setLabels] = useState(false)
  const reckoning = useMemo(() => reckon(audit), [audit])
  const own = useMemo(() => gallery.value?.ownBrands ?? [], [gallery.value])
  const against = useMemo(() => (own.length ? reckon(audit, own) : null), [audit, own])
  const colors = useColors(reckoning)
  const spots = useMemo(() => spotsOf(reckoning, colors), [reckoning, colors])
  const facing = reckoning.facings.find((each) => each.number === chosen)
  useEffect(() => setChosen(null), [audit.thresholds.score]) // from another score on, facings have other numbers

  const correct = (which: number | null, after: Placed | null): void => onChange(corrected(audit, which, after))
  const add = (box: Quad): void => {
    const around = reckoning.facings.map((each) => each.facing)
    const brand = mostlyAround(around, box)
    const next = corrected(audit, null, { box, brand })
    onChange(next)
    setAdding(false)
    setChosen(next.corrections[next.corrections.length - 1].facing)
  }
  const addInMiddle = (): void => {
    const [width, height] = typicalSize(reckoning.facings, audit.photo)
    const [left, top] = [(audit.photo.width - width) / 2, (audit.photo.height - height) / 2]
    add([left, top, left + width, top + height])
  }

  return (
    <div class="review">
      <div class="review-picture" ref={shown}>
        <ShelfCanvas
          picture={picture}
          width={audit.photo.width}
          height={audit.photo.height}
          spots={spots}
          chosen={chosen}
          adding={adding}
          labels={labels}
          description={t('review.picture', { n: spots.length })}
          onChoose={setChosen}
          onAdd={add}
          onMove={(which, box) => {
            const brand = reckoning.facings.find((each) => each.number === which)?.facing.brand ?? ''
            correct(which, { box, brand })
          }}
          onRemove={(which) => correct(which, null)}
        >
          <Button label={t(adding ? 'review.adding' : 'review.add')} icon={SquarePlus} pressed={adding} hint={t('review.add-hint')} onClick={() => setAdding(!adding)} />
          {adding && <Button label={t('review.add-middle')} onClick={addInMiddle} />}
          <Button label={t('review.undo')} icon={Undo2} bare disabled={!audit.corrections.length} onClick={() => onChange(undone(audit))} />
          <Button label={t('review.labels')} icon={Tags} bare pressed={labels} onClick={() => setLabels(!labels)} />
        </ShelfCanvas>
        {!picture && <p class="hint">{t('review.no-picture')}</p>}
        {facing ? (
          <FacingPanel
            key={facing.number}
            at={facing}
            place={t('review.chosen', {
              n: spots.findIndex((spot) => spot.number === chosen) + 1,
              all: spots.length,
              row: (reckoning.found.rowIds?.[reckoning.facings.indexOf(facing)] ?? 0) + 1,
              brand: shownName(facing.facing.brand || UNKNOWN),
            })}
            known={namesOf(reckoning.facings.map((each) => each.facing.brand), gallery.value?.brands).filter((name) => !looks?.has(name))}
            onBrand={(brand) => correct(facing.number, { box: facing.facing.box, brand })}
            onTeach={onTeach && ((brand) => onTeach(facing.number, brand))}
            onRemove={() => {
              correct(facing.number, null)
              close()
            }}
            onClose={close}
          />
        ) : (
          <p class="hint">
            {t(adding ? 'review.hint-add' : 'review.hint')}
            {audit.corrections.length > 0 && ` ${t('review.corrections', { n: audit.corrections.length })}.`}
          </p>
        )}
      </div>
      <div class="review-side">
        <dl class="metrics">
          <Metric label={t('review.facings')} value={number(spots.length)} />
          <Metric label={t('review.rows')} value={number(reckoning.rows)} />
          {audit.sweep && <Metric label={t('review.unique')} value={number(audit.sweep.unique)} />}
        </dl>
        {children}
        <Shares of={reckoning} against={against} own={own} colors={colors} />
        {footer}
        <ExportBar audit={exported} picture={picture} />
      </div>
    </div>
  )
}

/** The colours of all names of a reckoning, the same in boxes and charts. */
export function useColors(reckoning: Pick<Reckoning, 'facings' | 'sweep'>): Map<string, string> {
  const known = gallery.value
  return useMemo(() => {
    const all = [...reckoning.facings.map((each) => each.facing.brand), ...(reckoning.sweep ?? []).map((row) => row.name)]
    return colorsOf(namesOf(all, known?.brands), known?.colors)
  }, [reckoning, known])
}

/** The facings as spots in reading order: row by row from the top, each from the left. */
function spotsOf({ facings, found }: Reckoning, colors: Map<string, string>): Spot[] {
  const rowOf = (i: number): number => found.rowIds?.[i] ?? 0
  return facings
    .map((each, i) => ({ each, i }))
    .sort((a, b) => rowOf(a.i) - rowOf(b.i) || a.each.facing.box[0] - b.each.facing.box[0])
    .map(({ each: { number: which, facing }, i }, place) => ({
      number: which,
      box: facing.box,
      color: colors.get(facing.brand) ?? GREY,
      label: shownName(facing.brand || UNKNOWN),
      spoken: t('review.chosen', { n: place + 1, all: facings.length, row: rowOf(i) + 1, brand: shownName(facing.brand || UNKNOWN) }),
    }))
}

function typicalSize(facings: readonly Numbered[], photo: { width: number; height: number }): [number, number] {
  const middle = (values: number[], without: number): number => values.sort((a, b) => a - b)[values.length >> 1] ?? without
  return [
    middle(facings.map(({ facing }) => facing.box[2] - facing.box[0]), photo.width / 8),
    middle(facings.map(({ facing }) => facing.box[3] - facing.box[1]), photo.height / 6),
  ]
}

function FacingPanel(props: {
  at: Numbered
  place: string
  known: readonly string[]
  onBrand: (brand: string) => void
  onTeach?: (brand: string) => Promise<void>
  onRemove: () => void
  onClose: () => void
}): JSX.Element {
  const [brand, setBrand] = useState('')
  const [teach, setTeach] = useState(!labelled.value.length) // a gallery takes the place of the labels: not unasked
  const [busy, during] = useBusy()
  const name = tidyName(brand, LONGEST_NAME)
  const put = async (): Promise<void> => {
    if (!name) return
    if (props.onTeach && teach) await props.onTeach(name)
    else props.onBrand(name)
    props.onClose()
  }
  return (
    <section class="card facing-panel">
      <p class="facing-place">{props.place}</p>
      <TextField label={t('review.brand')} value={brand} known={props.known} onInput={setBrand} onEnter={() => void during(put)} />
      {props.onTeach && (
        <label class="check">
          <input type="checkbox" checked={teach} onChange={(event) => setTeach(event.currentTarget.checked)} />
          {t('review.teach-look')}
        </label>
      )}
      <div class="buttons">
        <Button label={t('review.set-brand')} icon={Check} kind="primary" disabled={!name} busy={busy} onClick={() => during(put)} />
        <Button label={t('review.remove')} icon={Trash2} kind="danger" onClick={props.onRemove} />
        <Button label={t('review.done')} onClick={props.onClose} />
      </div>
    </section>
  )
}

const KINDS: { kind: Kind; label: 'export.csv' | 'export.shares' | 'export.json' | 'export.png' }[] = [
  { kind: 'csv', label: 'export.csv' },
  { kind: 'shares', label: 'export.shares' },
  { kind: 'json', label: 'export.json' },
  { kind: 'png', label: 'export.png' },
]

/** Ways out for an audit; what came of them is told here, as a dialog hides the messages above the page. */
export function ExportBar({ audit, picture }: { audit: Audit; picture: ImageBitmap | null }): JSX.Element {
  const [failed, setFailed] = useState('')
  const [again, setAgain] = useState<(() => Promise<unknown>) | null>(null) // offers what could not be offered at once
  const colors = gallery.value?.colors ?? {}
  const attempt = async (failure: 'export.failed' | 'export.share-failed', work: () => Promise<unknown>): Promise<void> => {
    setFailed('')
    setAgain(null)
    await work().catch((error) => setFailed(t(failure, { detail: reason(error) })))
  }
  const save = (kind: Kind): Promise<void> => attempt('export.failed', async () => download(await asFile(kind, [audit], picture, colors)))
  const pass = (): Promise<void> =>
    attempt('export.share-failed', async () => {
      const offer = await share(audit, picture, colors)
      setAgain(() => offer)
    })
  return (
    <section class="card">
      <h2>{t('review.export')}</h2>
      {failed && (
        <div role="alert">
          <Notice kind="error">{failed}</Notice>
        </div>
      )}
      {again && (
        <div role="alert">
          <Notice kind="info">
            <span>{t('export.share-ready')}</span>
            <Button label={t('export.share')} onClick={() => attempt('export.share-failed', again)} />
          </Notice>
        </div>
      )}
      <div class="buttons">
        {canShare() && <Button label={t('export.share')} icon={Share2} kind="primary" onClick={pass} />}
        {KINDS.map(({ kind, label }) => (
          <Button key={kind} label={t(label)} icon={Download} onClick={() => save(kind)} />
        ))}
      </div>
    </section>
  )
}

