import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { Gallery } from '../../src/core'
import { makeAudit } from './make'

vi.stubGlobal('location', new URL('http://localhost/'))
vi.stubGlobal('addEventListener', () => {})
vi.stubGlobal('navigator', { onLine: true, userAgent: '' })
vi.stubGlobal('document', { documentElement: { dataset: {} }, addEventListener() {} })
const { clearAll } = await import('../../src/ui/settings-page')
const session = await import('../../src/ui/session')
const { galleryName, lastWords } = await import('../../src/ui/settings')
const { addAudit, galleryNames, listAudits } = await import('../../src/ui/store')

test('where everything is deleted nothing of it is offered any more, and the gallery that came with the app is in use', async () => {
  session.bundled.value = Gallery.empty('Shelf')
  await addAudit(makeAudit([]), new Blob(['jpeg']))
  await session.keepGallery(() => Gallery.empty('Mine'))
  lastWords.value = { store: 'Corner shop', shelf: '3', category: 'Cereals' }
  expect(session.galleries.value).toEqual(['Mine', 'Shelf'])
  await clearAll()
  expect([await listAudits(), await galleryNames()]).toEqual([[], []])
  expect(Object.values(lastWords.value).join('')).toBe('')
  expect([session.gallery.value, galleryName.value, session.galleries.value]).toEqual([session.bundled.value, null, ['Shelf']])
})
