/** A sweep that goes on: kept on the device while its page is out of sight, as phones end such pages unasked. */

import { signal } from '@preact/signals'
import type { CountedSweep } from './shelf'
import { toJpeg } from './picture'
import { deleteSweep, openSweeps, saveSweep } from './store'
import type { StoredSweep } from './store'

/** The newest sweep of a page that has ended. */
export const cutOff = signal<StoredSweep | null>(null)

const id = `${Date.now()}-${Math.random()}` // of this page
let aside = false // this page's sweep is on the device, or soon
let writing: Promise<void> = Promise.resolve()

function later(write: () => Promise<void>): void {
  writing = writing.then(write).catch(() => {}) // what cannot be kept is there as long as the page
}

/** Keep what `freeze` gives. */
export function putAside(freeze: () => Promise<{ picture: ImageBitmap; sweep: CountedSweep | null }>): void {
  aside = true
  const frozen = freeze() // at once, before the page stands still
  frozen.catch(() => {})
  // Held as long as the page is there: so the others know that its sweep goes on.
  void navigator.locks?.request(lockOf(id), { ifAvailable: true }, (lock) => lock && new Promise(() => {})).catch(() => {})
  later(async () => {
    const { picture, sweep } = await frozen
    try {
      if (sweep?.unique) await saveSweep({ id, time: new Date(), picture: await toJpeg(picture), sweep })
    } finally {
      picture.close()
    }
  })
}

/** The page is seen again, or its sweep has ended as the user wanted. */
export function takeBack(): void {
  if (aside) later(() => deleteSweep(id))
  aside = false
}

/** Look for a sweep that was left behind. */
export async function findCutOff(): Promise<void> {
  try {
    const held = new Set(((await navigator.locks?.query())?.held ?? []).map(({ name }) => name))
    const left = (await openSweeps()).filter((each) => each.id !== id && !held.has(lockOf(each.id)))
    cutOff.value = left.at(-1) ?? null
  } catch {
    cutOff.value = null
  }
}

/** Forget the sweep that was left behind; the one before it comes next. */
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
