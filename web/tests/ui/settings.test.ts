import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const stored = new Map<string, string>()

beforeEach(() => {
  stored.clear()
  vi.stubGlobal('localStorage', { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, text: string) => stored.set(key, text) })
})
afterEach(() => vi.unstubAllGlobals())

/** The settings of the bundle at `address`, as a visit reads them. */
function visit(address: string): Promise<typeof import('../../src/ui/settings')> {
  vi.stubGlobal('location', new URL(address))
  vi.resetModules()
  return import('../../src/ui/settings')
}

const measured = { of: '1 browser', probes: [] }

test('the gallery chosen in a bundle, and what was measured of it, are not those of another at the same host', async () => {
  const drinks = await visit('https://host.test/drinks/')
  drinks.galleryName.value = 'drinks'
  drinks.measured.value = measured
  drinks.theme.value = 'dark'
  const snacks = await visit('https://host.test/snacks/?engine=wasm#/teach')
  expect([snacks.galleryName.value, snacks.measured.value, snacks.theme.value]).toEqual([null, null, 'dark'])
  const other = await visit('https://host.test/drinks/?model=../snacks/bundle.json')
  expect([other.galleryName.value, other.measured.value]).toEqual([null, null])
  const again = await visit('https://host.test/drinks/index.html')
  expect([again.galleryName.value, again.measured.value]).toEqual(['drinks', measured])
})

test('the gallery that was chosen in a former version, which had one for all, stays chosen', async () => {
  stored.set('skushare.gallery', '"mine"')
  const { galleryName } = await visit('https://host.test/drinks/')
  expect(galleryName.value).toBe('mine')
  galleryName.value = null
  expect((await visit('https://host.test/drinks/')).galleryName.value).toBe(null)
})
