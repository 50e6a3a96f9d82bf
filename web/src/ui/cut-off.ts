/**
 * What is not counted to its end: a sweep whose page is out of sight, and a picture that is being counted, kept on the
 * device meanwhile, as phones end pages unasked.
 */

import { signal } from '@preact/signals'
import { deleteSweep, openSweeps, saveSweep } from './store'
import type { StoredSweep } from './store'

export type Aside = Omit<StoredSweep, 'id' | 'time'>

/** The newest of what pages that have ended left behind. */
export const cutOff = signal<StoredSweep | null>(null)

const id = `${Date.now()}-${Math.random()}` // of this page
let aside = false // this page's is on the device, or soon
let writing: Promise<void> = Promise.resolve()

function later(write: () => Promise<void>): void {
  writing = writing.then(write).catch(() => {}) // what cannot be kept is there as long as the page
}

/** Keep what `give` gives, if anything. */
export function putAside(give: () => Promise<Aside | null>): void {
  aside = true
  const time = new Date()
  const given = give() // at once, before the page stands still
  given.catch(() => {})
  // Held as long as the page is there: so the others know that its count goes on.
  void navigator.locks?.request(lockOf(id), { ifAvailable: true }, (lock) => lock && new Promise(() => {})).catch(() => {})
  later(async () => {
    const what = await given
    if (what) await saveSweep({ ...what, id, time })
  })
}

/** The page is seen again, or its count has ended; what it gave is on the device when `saved` is done. */
export function takeBack(saved?: Promise<void>): void {
  if (aside) later(() => Promise.resolve(saved).then(() => deleteSweep(id)))
  aside = false
}

/** Look for what was left behind. */
export async function findCutOff(): Promise<void> {
  try {
    const held = new Set(((await navigator.locks?.query())?.held ?? []).map(({ name }) => name))
    const left = (await openSweeps()).filter((each) => each.id !== id && !held.has(lockOf(each.id)))
    cutOff.value = left.at(-1) ?? null
  } catch {
    cutOff.value = null
  }
}

/** Forget what was left behind; the one before it comes next. */
export function forgetCutOff(): void {
  const found = cutOff.value
  cutOff.value = null
  if (!found) return
  later(() => deleteSweep(found.id))
  later(findCutOff)
}

function lockOf(page: string): string {
  return `skushare-sweep-${page}`
}
