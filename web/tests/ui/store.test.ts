import 'fake-indexeddb/auto'
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StoreError, addAudit, clearStore, closeStore, deleteAudit, galleryNames, listAudits, openAudit, openDraft, openGallery, putAudit, saveGallery } from '../../src/ui/store'
import { makeAudit, makeFacings } from './make'

const picture = new Blob(['jpeg'], { type: 'image/jpeg' })

beforeEach(async () => {
  await closeStore()
  globalThis.indexedDB = new IDBFactory()
})
afterEach(() => vi.restoreAllMocks())

test('an audit comes back as it was saved, with its picture', async () => {
  const audit = makeAudit(makeFacings('<b>A</b>', '\u202eB', '👍'.repeat(100)))
  const id = await addAudit(audit, picture)
  const opened = await openAudit(id)
  expect(opened?.audit).toEqual({ ...audit, id })
  expect(opened?.picture).toBeTruthy()
})

test('the list has the newest first', async () => {
  for (const day of ['01', '03', '02']) await addAudit(makeAudit([], { time: `2026-11-${day}T00:00:00.000Z` }), picture)
  expect((await listAudits()).map((audit) => audit.time.slice(8, 10))).toEqual(['03', '02', '01'])
})

test('a deleted audit is gone with its picture, and a number is not used twice', async () => {
  const id = await addAudit(makeAudit([]), picture)
  await deleteAudit(id)
  expect(await openAudit(id)).toBeNull()
  expect(await addAudit(makeAudit([]), picture)).not.toBe(id)
})

test('a corrected audit is written over', async () => {
  const id = await addAudit(makeAudit([]), picture)
  await putAudit({ ...makeAudit([], { note: 'later' }), id })
  expect((await openAudit(id))?.audit.note).toBe('later')
})

test('a device without room says so, and keeps neither audit nor picture', async () => {
  const put = IDBObjectStore.prototype.put
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...values) {
    if (this.name === 'pictures') throw new DOMException('no room', 'QuotaExceededError')
    return put.apply(this, values)
  })
  const failed = addAudit(makeAudit([]), picture)
  await expect(failed).rejects.toBeInstanceOf(StoreError)
  await expect(failed).rejects.toMatchObject({ full: true })
  vi.restoreAllMocks()
  await closeStore()
  expect((await listAudits()).filter((audit) => audit.store)).toHaveLength(0)
})

test('what an older version of the app has saved is still there', async () => {
  const old = await openDB('skushare', 1, {
    upgrade(db) {
      db.createObjectStore('audits', { keyPath: 'id', autoIncrement: true }).createIndex('time', 'time')
      db.createObjectStore('pictures')
      db.createObjectStore('galleries', { keyPath: 'name' })
    },
  })
  await old.add('audits', makeAudit([], { note: 'old' }))
  old.close()
  expect((await listAudits()).map((audit) => audit.note)).toEqual(['old'])
  expect(await openDraft()).toBeNull()
})

test('galleries are kept by name', async () => {
  await saveGallery('B', new Blob(['1']))
  await saveGallery('A', new Blob(['2']))
  await saveGallery('B', new Blob(['3']))
  expect(await galleryNames()).toEqual(['A', 'B'])
  expect((await openGallery('B'))?.name).toBe('B')
  await clearStore()
  expect(await galleryNames()).toEqual([])
})
