/** Teach brands: piles of facings that look alike, and what the gallery knows. */

import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { signal } from '@preact/signals'
import { ChevronLeft, Download, GraduationCap, Image, Pencil, Plus, Split, Trash2, Upload } from 'lucide'
import { Gallery, LONGEST_NAME, indicesWhere, tidyName } from '../core'
import type { Quad, Sku } from '../core'
import { removed } from './audit'
import type { Correction } from './audit'
import { Button, Confirm, Dialog, FileButton, Notice, PageTitle, SelectField, TextField, Waiting, useBlobAddress, useBusy } from './components'
import { countFile, counting, mayReplace, whileCounting } from './count-page'
import { download } from './download'
import { draft, draftNamed } from './draft'
import type { Draft } from './draft'
import { percent } from './format'
import { membersOf, moved, pilesByLook, split, suggestions, without } from './lesson'
import type { Piles, Suggestion } from './lesson'
import { examplePicture } from './picture'
import { go } from './route'
import { chooseGallery, embedder, forgetFiles, forgetGallery, galleries, gallery, labels, ours, reason, savedGalleries, tell, tellOfFile } from './session'
import { embedded, rowsOf } from './shelf'
import { t } from './strings'
import { beginGallery, changeGallery, teachFacings } from './teaching'
import { asFileName, brief, freeName, inLine } from './text'

/** The facings being taught; kept while the user looks at other pages. */
interface Lesson extends Counted {
  numbers: number[] // of the facings in `shelf.all`
  boxes: Quad[]
  thumbs: Blob[]
  piles: Piles
  underway: ReadonlySet<number> // numbers in `shelf.all` of those that are being taught, from whichever score on
}

/** The facings of a shelf from a score on. */
type Counted = Pick<Draft, 'shelf' | 'minScore'>

const lesson = signal<Lesson | null>(null)
let preparing: Counted | null = null

function same(one: Counted | null, other: Counted | null): boolean {
  return one?.shelf === other?.shelf && one?.minScore === other?.minScore
}

/** Sort the facings of the counted shelf into piles, once a shelf and score. */
async function prepare(): Promise<void> {
  const [now, named, made] = [draft.value, draftNamed.value, embedder.value]
  if (!now || !named?.vectors || !made || same(lesson.value, now) || same(preparing, now)) return
  preparing = now
  const known = embedded(named.vectors, made.dimensions)
  const numbers = known.map((i) => named.picked[i])
  const boxes = known.map((i) => named.facings[i].box)
  const piles = pilesByLook(rowsOf(named.vectors, known, made.dimensions), made)
  const { shelf, minScore } = now
  try {
    const thumbs: Blob[] = []
    for (const box of boxes) thumbs.push(new Blob([await examplePicture(shelf.picture, box)], { type: 'image/jpeg' }))
    if (preparing !== now) return
    const underway = lesson.value?.shelf === shelf ? lesson.value.underway : new Set<number>()
    lesson.value = { shelf, minScore, numbers, boxes, thumbs, piles, underway }
  } catch (error) {
    if (preparing === now) tell('error', t('teach.refused', { detail: reason(error) }))
  } finally {
    if (preparing === now) preparing = null
  }
}

let openedHere: Draft['shelf'] | undefined // the newest photo that was opened to be taught

export function TeachPage(): JSX.Element {
  const made = embedder.value
  const now = draft.value
  useEffect(() => void prepare(), [now?.shelf, now?.minScore])
  if (!made) {
    return (
      <main class="page">
        <PageTitle>{t('teach.title')}</PageTitle>
        <Notice kind="info">{t('teach.no-embedder')}</Notice>
      </main>
    )
  }
  const current = now && same(lesson.value, now) ? lesson.value : null
  const fromPhoto = async (file: File): Promise<void> => {
    // Nobody waits for the count of a photo that was opened here to be taught.
    const opened = !!now && now.shelf === openedHere && !now.corrections.length
    if (!opened && !(await mayReplace())) return
    await whileCounting(() => countFile(file, file.name))
    if (draft.value?.shelf !== now?.shelf) openedHere = draft.value?.shelf
  }
  return (
    <main class="page teach">
      <PageTitle>{t('teach.title')}</PageTitle>
      <GalleryChoice />
      {!now && <p class="lead">{t('teach.intro')}</p>}
      <div class="buttons">
        <FileButton label={t('teach.source-photo')} icon={Image} accept="image/*" kind={now ? 'plain' : 'primary'} busy={counting.value} onFile={(file) => void fromPhoto(file)} />
        {now ? (
          <Button label={t('teach.leave')} icon={ChevronLeft} onClick={() => go('shelf')} />
        ) : (
          <Button label={t('history.go')} onClick={() => go('count')} />
        )}
      </div>
      {now && !current && <Waiting>{t('teach.sorting')}</Waiting>}
      {now && current && <PileBoard lesson={current} corrections={now.corrections} />}
      <Knowledge />
      <Manage />
    </main>
  )
}

function GalleryChoice(): JSX.Element {
  const [naming, setNaming] = useState(false)
  const [busy, during] = useBusy()
  const [name, setName] = useState('')
  const choose = async (value: string): Promise<void> => {
    try {
      await chooseGallery(value)
    } catch (error) {
      tell('error', t('gallery.open-failed', { name: brief(value), detail: reason(error) }))
    }
  }
  const create = async (): Promise<void> => {
    const clean = tidyName(name, LONGEST_NAME)
    if (!clean) return
    if (!(await beginGallery(clean))) return
    setNaming(false)
    setName('')
  }
  const none = t(labels.value.length ? 'teach.by-label' : 'teach.by-look')
  const options = [{ value: '', label: none }, ...galleries.value.map((value) => ({ value, label: value }))]
  return (
    <div class="gallery-choice">
      <SelectField label={t('teach.gallery')} value={gallery.value?.name ?? ''} options={options} onChange={(value) => void choose(value)} />
      <Button label={t('teach.new')} icon={Plus} onClick={() => setNaming(true)} />
      {naming && (
        <Dialog title={t('teach.new')} busy={busy} onClose={() => setNaming(false)}>
          <TextField label={t('teach.new-name')} value={name} onInput={setName} onEnter={() => void during(create)} />
          <div class="buttons end">
            <Button label={t('app.cancel')} disabled={busy} onClick={() => setNaming(false)} />
            <Button label={t('teach.create')} kind="primary" busy={busy} disabled={!name.trim()} onClick={() => during(create)} />
          </div>
        </Dialog>
      )}
    </div>
  )
}

function PileBoard({ lesson: now, corrections }: { lesson: Lesson; corrections: readonly Correction[] }): JSX.Element {
  const made = embedder.value!
  const known = gallery.value
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set())
  const gone = useMemo(() => removed(corrections), [corrections])
  // Of the gallery in use: it may be another by now, have learnt on another page, or have forgotten.
  const learnt = useMemo(() => known?.learnt(now.piles.vectors) ?? new Set<number>(), [known, now.piles.vectors])
  const piles = useMemo(
    () => without(now.piles, indicesWhere(now.numbers.length, (i) => learnt.has(i) || gone.has(now.numbers[i]))),
    [now.piles, now.numbers, learnt, gone],
  )
  const listed = useMemo(() => suggestions(piles, known, made), [piles, known, made])
  const there = indicesWhere(now.numbers.length, (i) => !gone.has(now.numbers[i]))
  const total = there.length
  const taught = there.filter((i) => learnt.has(i)).length
  const put = (change: (piles: Piles) => Piles): void => {
    if (lesson.value && same(lesson.value, now)) lesson.value = { ...lesson.value, piles: change(lesson.value.piles) }
    setChosen(new Set())
  }
  const toggle = (facing: number): void => {
    const next = new Set(chosen)
    if (!next.delete(facing)) next.add(facing)
    setChosen(next)
  }
  const isUnderway = (i: number): boolean => lesson.value?.shelf === now.shelf && lesson.value.underway.has(now.numbers[i])
  const setUnderway = (members: readonly number[], begins: boolean): void => {
    if (lesson.value?.shelf !== now.shelf) return
    const underway = new Set(lesson.value.underway)
    for (const i of members)
      if (begins) underway.add(now.numbers[i])
      else underway.delete(now.numbers[i])
    lesson.value = { ...lesson.value, underway }
  }
  const teach = async (pile: number, brand: string, product: string): Promise<void> => {
    const members = membersOf(piles, pile)
    if (members.some(isUnderway)) return
    setUnderway(members, true)
    const vectors = rowsOf(piles.vectors, members, piles.dimensions)
    const boxes = members.map((i) => now.boxes[i])
    if ((await teachFacings(now.shelf.picture, boxes, vectors, brand, product)) !== null) setChosen(new Set())
    setUnderway(members, false)
  }
  if (!total) return <Notice kind="info">{t('review.no-facing')}</Notice>
  return (
    <div class="board">
      <label class="progress">
        <span>{taught === total ? t('teach.all-taught', { n: total }) : t('teach.progress', { n: taught, all: total })}</span>
        <progress value={taught} max={total} />
      </label>
      {listed.length > 0 && <p class="hint">{t('teach.hint')}</p>}
      {chosen.size > 0 && (
        <div class="buttons chosen-bar" role="status">
          <span>{t('teach.chosen', { n: chosen.size })}</span>
          <Button label={t('teach.new-pile')} icon={Plus} onClick={() => put((piles) => moved(piles, [...chosen]))} />
          <Button label={t('teach.choose-none')} onClick={() => setChosen(new Set())} />
        </div>
      )}
      <div class="piles">
        {listed.map((suggestion, i) => (
          <PileCard
            key={suggestion.pile}
            at={i + 1}
            suggestion={suggestion}
            members={membersOf(piles, suggestion.pile)}
            thumbs={now.thumbs}
            busy={membersOf(piles, suggestion.pile).some(isUnderway)}
            chosen={chosen}
            onToggle={toggle}
            onPut={() => put((piles) => moved(piles, [...chosen], suggestion.pile))}
            onSplit={() => put((piles) => split(piles, suggestion.pile, made.likeness))}
            onTeach={(brand, product) => void teach(suggestion.pile, brand, product)}
          />
        ))}
      </div>
    </div>
  )
}

const THUMBS = 12

function PileCard(props: {
  at: number // its place on the page, from 1
  suggestion: Suggestion
  members: readonly number[]
  thumbs: readonly Blob[]
  busy: boolean // it is being taught
  chosen: ReadonlySet<number>
  onToggle: (facing: number) => void
  onPut: () => void
  onSplit: () => void
  onTeach: (brand: string, product: string) => void
}): JSX.Element {
  const { sku, sure } = props.suggestion
  const [typedBrand, setBrand] = useState<string | null>(null)
  const [typedProduct, setProduct] = useState<string | null>(null)
  const brand = typedBrand ?? sku?.brand ?? '' // the suggestion may become another one
  const product = typedProduct ?? (sku && sku.name !== sku.brand && sku.brand === brand ? sku.name : '')
  const [all, setAll] = useState(false)
  const [missing, setMissing] = useState(false)
  const known = gallery.value
  const shown = all ? props.members : props.members.slice(0, THUMBS)
  const teach = (): void => {
    const name = tidyName(brand, LONGEST_NAME)
    setMissing(!name)
    if (name) props.onTeach(name, tidyName(product, LONGEST_NAME))
  }
  const title = t('teach.pile', { at: props.at, n: props.members.length })
  return (
    <section class="card pile" aria-label={title}>
      <h2>{title}</h2>
      <div class="thumbs">
        {shown.map((facing) => (
          <Thumb key={facing} file={props.thumbs[facing]} label={t('teach.facing', { n: facing + 1 })} chosen={props.chosen.has(facing)} onToggle={() => props.onToggle(facing)} />
        ))}
        {shown.length < props.members.length && <Button label={t('teach.more', { n: props.members.length })} onClick={() => setAll(true)} />}
      </div>
      {sku && <p class="hint">{t('teach.suggested', { name: inLine(sku.name === sku.brand ? sku.brand : `${sku.brand}: ${sku.name}`), sure: percent(sure) })}</p>}
      <div class="fields">
        <TextField label={t('teach.brand')} value={brand} known={known?.brands} onInput={setBrand} onEnter={teach} />
        <TextField label={t('teach.product')} value={product} known={known?.skus.filter((each) => each.brand === brand).map((each) => each.name)} onInput={setProduct} onEnter={teach} />
      </div>
      {missing && (
        <p class="field-problem" role="alert">
          {t('teach.brand-missing')}
        </p>
      )}
      <div class="buttons">
        <Button label={t('teach.teach')} icon={GraduationCap} kind="primary" busy={props.busy} onClick={teach} />
        {props.chosen.size > 0 && <Button label={t('teach.put-here')} onClick={props.onPut} />}
        {props.members.length > 1 && <Button label={t('teach.split')} icon={Split} disabled={props.busy} onClick={props.onSplit} />}
      </div>
    </section>
  )
}

function Thumb(props: { file: Blob; label: string; chosen: boolean; onToggle: () => void }): JSX.Element {
  const address = useBlobAddress(props.file)
  return (
    <button type="button" class="thumb" aria-pressed={props.chosen} aria-label={props.label} onClick={props.onToggle}>
      {address && <img src={address} alt="" loading="lazy" />}
    </button>
  )
}

function Knowledge(): JSX.Element | null {
  const known = gallery.value
  const [forgetting, setForgetting] = useState<Sku | null>(null)
  const [renaming, setRenaming] = useState<Sku | null>(null)
  const [, redraw] = useState(0)
  if (!known) return null
  const examples = (sku: Sku): number => {
    const at = known.skus.indexOf(sku)
    return known.exampleSkus.reduce((sum, each) => sum + Number(each === at), 0)
  }
  const keep = (change: (now: Gallery) => Gallery): Promise<boolean> => changeGallery((now) => change(now ?? known))
  const keepBrand = async (sku: Sku, changes: Partial<Pick<Sku, 'color' | 'own'>>): Promise<void> => {
    if (!(await keep((now) => now.withBrand(sku.brand, changes)))) redraw((times) => times + 1) // the field shows what is not so
  }
  const colors = known.colors
  return (
    <section class="card">
      <h2>{t('teach.knows')}</h2>
      {!known.skus.length && <p class="hint">{t('teach.knows-nothing')}</p>}
      {known.skus.length > 0 && (
        <div class="table-scroll" tabIndex={0} role="region" aria-label={t('teach.knows')}>
          <table class="known">
            <thead>
              <tr>
                <th scope="col">{t('teach.column-color')}</th>
                <th scope="col">{t('teach.column-brand')}</th>
                <th scope="col">{t('teach.column-product')}</th>
                <th scope="col">{t('teach.column-examples')}</th>
                <th scope="col">{t('teach.column-own')}</th>
                <th scope="col">{t('teach.column-actions')}</th>
              </tr>
            </thead>
            <tbody>
              {known.skus.map((sku) => (
                <tr key={sku.id}>
                  <td>
                    <input
                      type="color"
                      value={sku.color || colors[sku.brand]}
                      aria-label={t('teach.color-of', { name: brief(sku.brand, 40) })}
                      onChange={(event) => void keepBrand(sku, { color: event.currentTarget.value })}
                    />
                  </td>
                  <td>
                    <bdi>{brief(sku.brand, 40)}</bdi>
                  </td>
                  <td>
                    <bdi>{brief(sku.name, 40)}</bdi>
                  </td>
                  <td data-label={t('teach.column-examples')}>{examples(sku)}</td>
                  <td data-label={t('teach.column-own')}>
                    <label class="check">
                      <input
                        type="checkbox"
                        checked={sku.own}
                        aria-label={t('teach.own-of', { name: brief(sku.brand, 40) })}
                        onChange={(event) => void keepBrand(sku, { own: event.currentTarget.checked })}
                      />
                    </label>
                  </td>
                  <td class="buttons">
                    <Button label={`${t('teach.rename')}: ${brief(sku.name, 40)}`} icon={Pencil} bare onClick={() => setRenaming(sku)} />
                    <Button label={`${t('teach.forget')}: ${brief(sku.name, 40)}`} icon={Trash2} bare onClick={() => setForgetting(sku)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {renaming && <Rename sku={renaming} known={known} onClose={() => setRenaming(null)} onChange={keep} />}
      {forgetting && (
        <Confirm
          question={t('teach.forget-question', { name: brief(forgetting.name), n: examples(forgetting) })}
          yes={t('teach.forget')}
          onYes={async () => {
            await keep((now) => now.without(forgetting.id))
            setForgetting(null)
          }}
          onNo={() => setForgetting(null)}
        />
      )}
    </section>
  )
}

function Rename(props: { sku: Sku; known: Gallery; onClose: () => void; onChange: (change: (now: Gallery) => Gallery) => Promise<unknown> }): JSX.Element {
  const [brand, setBrand] = useState(props.sku.brand)
  const [name, setName] = useState(props.sku.name)
  const [problem, setProblem] = useState('')
  const [busy, during] = useBusy()
  const put = async (): Promise<void> => {
    try {
      props.known.renamed(props.sku.id, brand, name) // says what is wrong with the names
      await props.onChange((now) => now.renamed(props.sku.id, brand, name))
      props.onClose()
    } catch (error) {
      setProblem(reason(error))
    }
  }
  return (
    <Dialog title={t('teach.rename')} busy={busy} onClose={props.onClose}>
      <TextField label={t('teach.column-brand')} value={brand} known={props.known.brands} onInput={setBrand} />
      <TextField label={t('teach.column-product')} value={name} onInput={setName} onEnter={() => void during(put)} />
      {problem && (
        <p class="field-problem" role="alert">
          {problem}
        </p>
      )}
      <div class="buttons end">
        <Button label={t('app.cancel')} disabled={busy} onClick={props.onClose} />
        <Button label={t('teach.rename')} kind="primary" busy={busy} disabled={!brand.trim() || !name.trim()} onClick={() => during(put)} />
      </div>
    </Dialog>
  )
}

function Manage(): JSX.Element {
  const known = gallery.value
  const [deleting, setDeleting] = useState(false)
  const [busy, during] = useBusy()
  const take = async (file: File): Promise<void> => {
    forgetFiles()
    try {
      const read = await ours(await Gallery.fromZip(file))
      const name = freeName(read.name, galleries.value)
      if (await changeGallery(() => read.withName(name))) tell('success', t('teach.imported', { name: brief(name) }))
    } catch (error) {
      tellOfFile(t('teach.import-failed', { name: brief(file.name), detail: reason(error) }))
    }
  }
  const give = async (): Promise<void> => {
    if (!known) return
    try {
      download(await known.toZip(), `${asFileName(known.name)}-gallery.zip`)
    } catch (error) {
      tell('error', t('export.failed', { detail: reason(error) }))
    }
  }
  const remove = async (): Promise<void> => {
    if (!known) return
    try {
      await forgetGallery(known.name)
    } catch (error) {
      tell('error', t('history.delete-failed', { detail: reason(error) }))
    }
    setDeleting(false)
  }
  return (
    <section class="card">
      <h2>{t('teach.manage')}</h2>
      <div class="buttons">
        <FileButton label={t('teach.import')} icon={Upload} accept=".zip,application/zip" busy={busy} onFile={(file) => void during(() => take(file))} />
        {!!known?.skus.length && <Button label={t('teach.export')} icon={Download} onClick={give} />}
        {known && savedGalleries.value.includes(known.name) && <Button label={t('teach.delete')} icon={Trash2} kind="danger" onClick={() => setDeleting(true)} />}
      </div>
      {deleting && known && (
        <Confirm question={t('teach.delete-question', { name: brief(known.name) })} yes={t('history.delete')} onYes={remove} onNo={() => setDeleting(false)} />
      )}
    </section>
  )
}
