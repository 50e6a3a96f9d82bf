/** Where the bundle is that the page works with. */

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
