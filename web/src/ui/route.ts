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

addEventListener('hashchange', () => (route.value = parseRoute(location.hash)))

export function addressOf(page: Page, audit?: number): string {
  return page === 'count' ? '#/' : `#/${page}${audit === undefined ? '' : `/${audit}`}`
}

export function go(page: Page, audit?: number): void {
  location.hash = addressOf(page, audit)
}
