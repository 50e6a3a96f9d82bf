/** The counted shelf that is not saved yet, and the corrections made to it; kept on the device, as phones end pages unasked. */

import { computed, effect, signal } from '@preact/signals'
import type { Audit, Correction } from './audit'
import { asNamed, counted, recounted, unlooked, withoutLooks } from './audit'
import { toJpeg } from './picture'
import { auditor, description, embedder, gallery, tell } from './session'
import { leastScores } from './settings'
import type { LeastScores } from './settings'
import { embeddedBy, nameShelf, nameSweep } from './shelf'
import type { Named, Shelf } from './shelf'
import { StoreError, deleteDraft, openDraft, saveDraft, saveWork } from './store'
import type { DraftWork, StoredDraft } from './store'
import { t } from './strings'

export interface Draft extends DraftWork {
  id: string // other tabs have drafts of their own
  shelf: Shelf
}

export const draft = signal<Draft | null>(null)
const hasDraft = computed(() => draft.value !== null)
/** The digest of the gallery in use, which a saved audit tells. */
export const galleryDigest = signal('')

// It is over all pictures of the gallery, so it is not made before there is something to save.
effect(() => {
  const known = hasDraft.value ? gallery.value : null
  galleryDigest.value = ''
  void known?.digest().then(
    (digest) => {
      if (gallery.peek() === known) galleryDigest.value = digest
    },
    () => {}, // a picture is gone: the audit names the gallery all the same
  )
})

/** The draft that a page before this one left behind; the user may go on with it. */
export const left = signal<{ draft: StoredDraft; work: DraftWork } | null>(null)

let writing: Promise<void> = Promise.resolve()

/** Write after what is being written. What cannot be kept stays on the screen, as ever. */
function later(write: () => Promise<void>): void {
  writing = writing.then(write).catch(() => {})
}

/** Done when the draft is on the device as it is now, as far as it can be kept. */
export function written(): Promise<void> {
  return writing
}

let kept: Draft | null = null // as it is on the device, or soon

effect(() => {
  const [before, now] = [kept, draft.value]
  kept = now
  if (before === now) return
  if (before && before.id === now?.id) return later(() => saveWork(now.id, workOf(now)))
  if (before) later(() => deleteDraft(before.id))
  if (!now) return
  const file = toJpeg(now.shelf.picture).catch(() => null) // at once: the picture is closed with the draft
  later(async () => {
    const picture = await file
    if (!picture) return
    await saveDraft({ ...now.shelf, picture, id: now.id }, workOf(now)).catch((error) => {
      if (error instanceof StoreError && error.full) tell('warning', t('draft.no-room'))
    })
  })
})

function workOf({ minScore, corrections }: Draft): DraftWork {
  return { minScore, corrections }
}

function newId(): string {
  return `${Date.now()}-${Math.random()}`
}

export function begin(shelf: Shelf): void {
  const former = draft.value
  left.value = null
  draft.value = { id: newId(), shelf, minScore: chosenScores().photo ?? defaultScore(), corrections: [] }
  former?.shelf.picture.close()
}

/** Look for a draft that was left behind. */
export async function findLeft(): Promise<void> {
  const found = await openDraft().catch(() => null)
  if (!draft.value) left.value = found
}

/** Go on with the draft that was left behind. @throws what keeps its picture from being opened. */
export async function goOn(): Promise<void> {
  const [found, now] = [left.value, auditor.value]
  if (!found || !now) return
  const { id: _, ...stored } = found.draft
  const shelf = await embeddedBy(now, { ...stored, picture: await createImageBitmap(stored.picture) })
  if (left.value !== found) return shelf.picture.close() // pressed twice, or something else was counted
  left.value = null
  const next = { id: newId(), shelf, ...found.work } // it may be another tab's, which goes on with its own
  kept = next
  later(() => saveDraft({ ...shelf, picture: stored.picture, id: next.id }, found.work))
  draft.value = next
}

/** Forget the draft that was left behind. */
export function forgetLeft(): void {
  const found = left.value
  left.value = null
  if (found) later(() => deleteDraft(found.draft.id))
}

/** Whether something was counted or corrected that would be lost with the draft. A saved draft is one no more. */
export function unsaved(): boolean {
  return !!draft.value && isWork(draft.value.shelf, draft.value)
}

/** As `unsaved`, of the draft that was left behind. */
export function leftUnsaved(): boolean {
  return !!left.value && isWork(left.value.draft, left.value.work)
}

function isWork({ all, sweep }: Pick<Shelf, 'all' | 'sweep'>, { minScore, corrections }: DraftWork): boolean {
  return corrections.length > 0 || !!sweep?.unique || all.scores.some((score) => score >= minScore)
}

/** Take the draft away; done when nothing of it is left on the device, which would be offered at the next start. */
export function discard(): Promise<void> {
  const former = draft.value
  draft.value = null
  former?.shelf.picture.close()
  return written()
}

/** The least scores that the user has chosen for this model. */
export function chosenScores(): LeastScores {
  return leastScores.value[description.value?.detector.digest ?? ''] ?? {}
}

/** Have this model count from these scores on; empty for its own. */
export function chooseScores(scores: LeastScores): void {
  leastScores.value = { ...leastScores.value, [description.value?.detector.digest ?? '']: scores }
}

/** The score from which on the model's photo counts are truest. */
export function defaultScore(): number {
  return description.value?.detector.config.min_score ?? 0.3
}

function named(shelf: Shelf, minScore: number): Named {
  return nameShelf(shelf, minScore, embedder.value, gallery.value, shelf.by.labels)
}

const shelf = computed(() => draft.value?.shelf ?? null)
const minScore = computed(() => draft.value?.minScore ?? 0)

/** The draft's facings with names; anew when score or gallery change, not at a correction. */
export const draftNamed = computed<Named | null>(() => shelf.value && named(shelf.value, minScore.value))

/** Its sweep, named as the facings are. */
const draftSweep = computed(() => shelf.value?.sweep && nameSweep(shelf.value.sweep, embedder.value, gallery.value))

/** The draft as an audit, without the words that the user writes when saving. */
export const draftAudit = computed<Audit | null>(() => {
  const [now, names] = [draft.value, draftNamed.value]
  if (!now || !names) return null
  const { picture, name, source, time, by } = now.shelf
  const known = gallery.value?.skus.length ? gallery.value : null
  const thresholds: Record<string, number | string> = { mode: 'photo', score: Math.round(1e4 * now.minScore) / 1e4 }
  if (known) thresholds.brand = Math.round(1e4 * known.threshold) / 1e4
  return {
    store: '',
    shelf: '',
    category: '',
    note: '',
    time: time.toISOString(),
    source,
    photo: { name, width: picture.width, height: picture.height },
    found: names.facings,
    corrections: asNamed(counted(now.corrections, names.picked).corrections, names.facings),
    sweep: draftSweep.value ?? null,
    model: by.model,
    modelDigest: by.digest,
    gallery: known?.name ?? '',
    galleryDigest: known ? galleryDigest.value : '',
    thresholds,
    software: by.software,
  }
})

/** The draft as it leaves the screen, saved or exported. */
export const keptAudit = computed<Audit | null>(() => {
  const audit = draftAudit.value
  return audit && withoutLooks(audit, draftNamed.value?.looks ?? new Set())
})

/** Count from another score on; corrections stay with the facings that they were made to. */
export function setMinScore(score: number): void {
  if (draft.value) draft.value = { ...draft.value, minScore: score }
}

/** Keep what the user made of the corrections of `draftAudit`: one more, or the last undone. */
export function keepCorrections(corrections: readonly Correction[]): void {
  const [now, names] = [draft.value, draftNamed.value]
  if (!now || !names) return
  const kept = recounted(now.corrections, names.picked, now.shelf.all.count, corrections)
  // A look is no decision: what it is taught as later is to hold for corrected facings too.
  draft.value = { ...now, corrections: unlooked(kept, names.looks) }
}
