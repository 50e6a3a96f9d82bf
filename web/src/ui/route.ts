/** Which page is shown: the part of the address behind `#`, so that any static host serves it. */

import { signal } from '@preact/signals'

export type Page = 'count' | 'shelf' | 'teach' | 'history' | 'settings'

export interface Route {
  page: Page
  audit: number | null // of the history
}

export function parseRoute(hash: string): Route {
  const [page, number] = hash.replace(/^#\/?/, '').split('/')
  const audit = page === 'history' && /^\d{1,15}$/.test(number ?? '') ? Number(number) : null
  const known = ['shelf', 'teach', 'history', 'settings'].includes(page)
  return { page: known ? (page as Page) : 'count', audit }
}

export const route = signal<Route>(parseRoute(location.hash))

let guard: () => Promise<boolean> | null = () => null

/** Have `ask` asked before another page is shown; it gives `null` where nothing would be lost. */
export function guardLeaving(ask: () => Promise<boolean> | null): void {
  guard = ask
}

addEventListener('hashchange', () => {
  const [before, next] = [route.value, parseRoute(location.hash)]
  const asked = next.page === before.page ? null : guard()
  if (!asked) {
    route.value = next
    return
  }
  const shown = (at: Route): void => history.replaceState(null, '', addressOf(at.page, at.audit ?? undefined))
  shown(before) // until there is an answer
  void asked.then((yes) => {
    if (!yes) return
    shown(next)
    route.value = next
  })
})

export function addressOf(page: Page, audit?: number): string {
  return page === 'count' ? '#/' : `#/${page}${audit === undefined ? '' : `/${audit}`}`
}

export function go(page: Page, audit?: number): void {
  location.hash = addressOf(page, audit)
}

/** As `go`, but Back does not lead to the page that is left: there is nothing on it any more. */
export function goForGood(page: Page, audit?: number): void {
  location.replace(addressOf(page, audit))
}
