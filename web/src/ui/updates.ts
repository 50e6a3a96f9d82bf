/** The service worker: the app without a network, and new versions as a whole. */

import { hasOwnWorker } from './address'
import { unsaved } from './draft'
import { sweeping } from './live'
import { SLOW_FADES, ask, phase, tell } from './session'
import { t } from './strings'

const CHECK_EVERY = 3_600_000 // ms
const PATIENCE = 4000 // ms for a new version to take over, which may wait for what the old one is doing

let asked = false // this page asked for the new version

/** Whether the user has let the page go: the browser is not to ask once more. */
export let leaving = false

/**
 * Register the service worker; resolves when the page may load the rest.
 *
 * A new version that an earlier visit has fetched takes over first, so that a start never mixes two.
 */
export async function startUpdates(): Promise<void> {
  const workers = navigator.serviceWorker
  if (!workers || import.meta.env.DEV) return
  let controlled = hasOwnWorker()
  workers.addEventListener('controllerchange', () => {
    // A page that still loads would have files of two versions, and has nothing to lose.
    if (asked || (controlled && phase.value === 'loading')) location.reload()
    else if (controlled) offerReload()
    controlled = true // from the first version on, others are new ones
  })
  try {
    const registration = await workers.register('sw.js', { updateViaCache: 'none' })
    if (registration.waiting && controlled) {
      takeOver(registration)
      await new Promise((resolve) => setTimeout(resolve, PATIENCE)) // until the page is loaded anew
      asked = false // it does not come: the old version goes on
    }
    const look = (): void => watch(registration, registration.active !== null)
    if (registration.installing) look()
    registration.addEventListener('updatefound', look)
    setInterval(() => void registration.update().catch(() => {}), CHECK_EVERY)
  } catch (error) {
    // The app works while the server is there. A `TypeError` is of a script that was not had, or that a preview refuses.
    if (!(error instanceof TypeError)) tell('info', t('app.not-kept'), undefined, SLOW_FADES)
  }
}

function watch(registration: ServiceWorkerRegistration, isUpdate: boolean): void {
  const worker = registration.installing
  let kept = registration.active !== null // this version, or one before
  worker?.addEventListener('statechange', () => {
    if (worker.state === 'installed') kept = true
    if (worker.state === 'installed' && isUpdate) {
      offerUpdate(registration)
    } else if (worker.state === 'activated' && !isUpdate) {
      document.documentElement.dataset.offline = 'ready'
      tell('success', t('app.ready-offline'))
    } else if (worker.state === 'redundant' && !kept) {
      tell('warning', t('app.not-offline'))
    }
  })
}

function takeOver(registration: ServiceWorkerRegistration): void {
  asked = true
  registration.waiting?.postMessage('take over')
}

function offerUpdate(registration: ServiceWorkerRegistration): void {
  tell('info', t('app.update'), { label: t('app.update-now'), run: () => void update(registration) })
}

function offerReload(): void {
  tell('warning', t('app.other-tab'), { label: t('app.reload'), run: () => void reload() })
}

/** Start the new version; where the old one is busy, it ends with the page. */
async function update(registration: ServiceWorkerRegistration): Promise<void> {
  if (!(await mayGo())) return offerUpdate(registration) // it waits, and is not found again
  leaving = true // a page that stayed would have files of two versions
  takeOver(registration)
  setTimeout(() => location.reload(), PATIENCE)
}

async function reload(): Promise<void> {
  if (!(await mayGo())) return offerReload()
  leaving = true
  location.reload()
}

/** Whether what nothing keeps may go with the page, where there is something; asks. */
async function mayGo(): Promise<boolean> {
  if (sweeping.value && !(await ask(t('count.leave'), t('count.leave-yes')))) return false
  return !unsaved() || ask(t('app.replace'), t('app.replace-yes'))
}

/** Forget all that was fetched and load everything anew; audits and galleries stay. */
export async function repair(): Promise<void> {
  if (!(await isServed())) return tell('error', t('app.repair-failed'))
  const registrations = (await navigator.serviceWorker?.getRegistrations()) ?? []
  const here = new URL('./', location.href).href
  await Promise.all(registrations.filter((each) => each.scope === here).map((each) => each.unregister()))
  if ('caches' in globalThis) {
    const names = await caches.keys()
    await Promise.all(names.filter((name) => name.endsWith(here)).map((name) => caches.delete(name)))
  }
  location.reload()
}

/** Whether the server has the app: what is thrown away must be there to be fetched. */
async function isServed(): Promise<boolean> {
  try {
    const { ok, headers } = await fetch('sw.js', { cache: 'no-store' })
    // A page in its place is that of a login or of the host, where the app is gone.
    return ok && /javascript/i.test(headers.get('Content-Type') ?? '')
  } catch {
    return false
  }
}
