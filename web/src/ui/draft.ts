/** The counted shelf that is not saved yet, and the corrections made to it. */

import { computed, effect, signal } from '@preact/signals'
import type { Audit, Correction } from './audit'
import { asNamed, counted, recounted, unlooked, withoutLooks } from './audit'
import { nameShelf } from './shelf'
import type { Named, Shelf } from './shelf'
import { bundle, description, embedder, gallery } from './session'
import { photoScore } from './settings'

export interface Draft {
  shelf: Shelf
  minScore: number
  corrections: Correction[] // of facings numbered in `shelf.all`; an empty brand is whatever the facing is named
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

export function begin(shelf: Shelf): void {
  draft.value?.shelf.picture.close()
  draft.value = { shelf, minScore: photoScore.value ?? defaultScore(), corrections: [] }
}

/** Whether there are corrections that would be lost with the draft. A saved draft is one no more. */
export function unsaved(): boolean {
  return !!draft.value?.corrections.length
}

export function discard(): void {
  draft.value?.shelf.picture.close()
  draft.value = null
}

/** The score from which on the model's photo counts are truest. */
export function defaultScore(): number {
  return description.value?.detector.config.min_score ?? 0.3
}

function named(shelf: Shelf, minScore: number): Named {
  const labels = description.value?.detector.config.labels ?? []
  return nameShelf(shelf, minScore, embedder.value, gallery.value, labels)
}

const shelf = computed(() => draft.value?.shelf ?? null)
const minScore = computed(() => draft.value?.minScore ?? 0)

/** The draft's facings with names; anew when score or gallery change, not at a correction. */
export const draftNamed = computed<Named | null>(() => shelf.value && named(shelf.value, minScore.value))

/** The draft as an audit, without the words that the user writes when saving. */
export const draftAudit = computed<Audit | null>(() => {
  const [now, names, about] = [draft.value, draftNamed.value, bundle.value?.description]
  if (!now || !names || !about) return null
  const { picture, name, source, time, sweep } = now.shelf
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
    sweep,
    model: about.name,
    modelDigest: about.detector.digest,
    gallery: known?.name ?? '',
    galleryDigest: known ? galleryDigest.value : '',
    thresholds,
    software: about.skushare,
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
