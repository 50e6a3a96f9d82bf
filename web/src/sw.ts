/**
 * The service worker: keeps the whole app, with its model, to work without a network.
 *
 * `skushare export` writes the list of all files with their digests in place of `self.__SKUSHARE_FILES__`, so a
 * change of one file changes this script, and the browser installs it anew. A version is installed whole or not at
 * all (each file is checked against its digest), and pages go on with the old one until the new takes over.
 */

import { addPlugins, precacheAndRoute } from 'workbox-precaching'
import { clientsClaim } from 'workbox-core'
import type { WorkboxPlugin } from 'workbox-core/types'

interface File {
  url: string
  revision: string // SHA-256, hex
}

// What TypeScript's DOM types lack; its types for workers contradict them.
interface Scope {
  __SKUSHARE_FILES__?: File[]
  skipWaiting(): Promise<void>
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}
declare const self: Scope

const files = self.__SKUSHARE_FILES__
// One that is met while a bundle is being written must not take the place of one that keeps everything.
if (!files) throw new Error('This worker does not know the files of the app; skushare export lists them.')

function integrity(revision: string): string {
  const bytes = revision.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? []
  return `sha256-${btoa(String.fromCharCode(...bytes))}`
}

const plugin: WorkboxPlugin = {
  // Ask the server whether what the page has just loaded is still current, rather than load it twice.
  requestWillFetch: async ({ request }) => new Request(request, { cache: 'no-cache' }),
  // Several threads need these two headers, and few static hosts send them. They are added as a file is kept: an answer
  // that is put together as it is served keeps the old version busy, and a new one then waits for it.
  cacheWillUpdate: async ({ response }) => {
    if (!response.ok) return null
    const headers = new Headers(response.headers)
    headers.set('Cross-Origin-Opener-Policy', 'same-origin')
    headers.set('Cross-Origin-Embedder-Policy', 'require-corp')
    return new Response(await response.blob(), { status: response.status, statusText: response.statusText, headers })
  },
}

clientsClaim() // the page of the first visit works without a network, too, not only the next one
addPlugins([plugin])
precacheAndRoute(
  files.map(({ url, revision }) => ({ url, revision, integrity: integrity(revision) })),
  { directoryIndex: 'index.html', cleanURLs: false, ignoreURLParametersMatching: [/./] },
)

self.addEventListener('message', (event) => {
  if (event.data === 'take over') void self.skipWaiting()
})
