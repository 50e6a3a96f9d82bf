/** Where the app is, and the bundle that it works with. */

import { BundleError } from '../core'

/** The address of the bundle's description: `?model=` in the page's own, else beside the page. @throws BundleError it is no address. */
export function bundleAddress(page = new URL(location.href)): URL {
  const other = page.searchParams.get('model')
  try {
    return new URL(other || 'bundle.json', new URL('./', page))
  } catch {
    throw new BundleError('network', other ?? '')
  }
}

/** Whether the page has the app's own service worker; at its first visit that of an app in a folder above may have it. */
export function hasOwnWorker(): boolean {
  return navigator.serviceWorker?.controller?.scriptURL === new URL('sw.js', location.href).href
}
