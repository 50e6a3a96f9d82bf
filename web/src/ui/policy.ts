/** What the page may talk to: nobody but its own server, or the one that `?model=` names. */

import { bundleAddress } from './address'

/**
 * Narrow the page's Content-Security-Policy to the one place that its model comes from.
 *
 * index.html has to allow any https address (and this machine's), because it cannot know what `?model=` will say;
 * policies add up, so a second one takes all others away again.
 */
export function narrowPolicy(): void {
  let origin = 'null'
  try {
    origin = bundleAddress().origin
  } catch {
    // No address: the start tells.
  }
  const policy = document.createElement('meta')
  policy.httpEquiv = 'Content-Security-Policy'
  policy.content = `connect-src 'self'${origin === location.origin || origin === 'null' ? '' : ` ${origin}`}`
  document.head.append(policy)
}
