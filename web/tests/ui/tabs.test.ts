import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { EmbedderDescription } from '../../src/core'

const EMBEDDER: EmbedderDescription = {
  tfjs: '', digest: 'e', size: 8, dimensions: 2, scale: 20, middle: 0.8, likeness: 0.8, input: '', output: '',
} // prettier-ignore

type Modules = [typeof import('../../src/core'), typeof import('../../src/ui/session'), typeof import('../../src/ui/store')]

let core: Modules[0]
let session: Modules[1] // of this tab
let store: Modules[2]

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory()
  vi.stubGlobal('location', { hash: '' })
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('document', { documentElement: { dataset: {} } })
  vi.resetModules()
  ;[core, session, store] = await Promise.all([import('../../src/core'), import('../../src/ui/session'), import('../../src/ui/store')])
})
afterEach(() => vi.unstubAllGlobals())

const teach = (known: InstanceType<Modules[0]['Gallery']>, brand: string): typeof known => known.teach(brand, brand, Float32Array.of(1, 0), [new Uint8Array([1])], EMBEDDER)
const mine = (brand: string): Promise<void> => session.keepGallery((now) => teach(now ?? core.Gallery.empty('mine'), brand))
const saved = async (): Promise<string[]> => (await core.Gallery.fromZip((await store.openGallery('mine'))!.zip)).brands
/** Another tab teaches the saved gallery `brand`. */
async function elsewhere(brand: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5)) // it would be of the same millisecond
  const there = (await store.openGallery('mine'))!
  await store.saveGallery('mine', await teach(await core.Gallery.fromZip(there.zip), brand).toZip(), there.changed)
}

test('what two tabs teach one gallery is all kept', async () => {
  await mine('Acme')
  await elsewhere('Beta')
  await mine('Zeta')
  expect(session.gallery.value?.brands).toEqual(['Acme', 'Beta', 'Zeta'])
  expect(await saved()).toEqual(['Acme', 'Beta', 'Zeta'])
})

test('a gallery that another tab has deleted does not come back unasked, and stays in use', async () => {
  await mine('Acme')
  await store.deleteGallery('mine')
  for (const brand of ['Zeta', 'Yet']) await expect(mine(brand)).rejects.toBeInstanceOf(store.ChangedError)
  expect(await store.galleryNames()).toEqual([])
  expect(session.gallery.value?.brands).toEqual(['Acme', 'Zeta', 'Yet'])
})

test('a gallery may be called as one that was deleted', async () => {
  await mine('Acme')
  await store.deleteGallery('mine')
  await session.chooseGallery('')
  await session.listGalleries()
  await mine('Zeta')
  expect(await saved()).toEqual(['Zeta'])
})
