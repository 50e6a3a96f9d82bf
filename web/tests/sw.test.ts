import { afterEach, expect, test, vi } from 'vitest'

const FILES = [{ url: 'index.html', revision: 'ab'.repeat(32) }]

/** Of the worker of a bundle at `scope`: its listeners by event. */
async function worker(scope: string, caches: { keys(): Promise<string[]>; delete(name: string): Promise<boolean> }) {
  const listeners = new Map<string, ((event: unknown) => void)[]>()
  const self = {
    __SKUSHARE_FILES__: FILES,
    registration: { scope },
    location: new URL('sw.js', scope),
    clients: { claim: async () => {} },
    caches,
    addEventListener: (type: string, listener: (event: unknown) => void) =>
      void listeners.set(type, [...(listeners.get(type) ?? []), listener]),
  }
  vi.stubGlobal('self', self)
  for (const name of ['registration', 'location', 'caches'] as const) vi.stubGlobal(name, self[name])
  vi.resetModules()
  await import('../src/sw')
  return listeners
}

afterEach(() => vi.unstubAllGlobals())

test('a bundle leaves alone what the bundles in folders below it keep to work offline', async () => {
  const kept = new Map([
    ['workbox-precache-v2-https://host.test/', new Map()],
    ['workbox-precache-v2-https://host.test/drinks/', new Map()],
  ])
  const caches = {
    keys: async () => [...kept.keys()],
    delete: async (name: string) => kept.delete(name),
    open: async () => ({ keys: async () => [], delete: async () => false }),
  }
  const listeners = await worker('https://host.test/', caches)
  const work: Promise<unknown>[] = []
  for (const activate of listeners.get('activate') ?? []) activate({ waitUntil: (each: Promise<unknown>) => work.push(each) })
  await Promise.all(work)
  expect(work.length).toBeGreaterThan(0)
  expect([...kept.keys()]).toContain('workbox-precache-v2-https://host.test/drinks/')
})
