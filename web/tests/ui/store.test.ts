import 'fake-indexeddb/auto'
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { corrected } from '../../src/ui/audit'
import { AuditWriter, ChangedError, StoreError, addAudit, clearStore, closeStore, deleteAudit, deleteGallery, galleryNames, listAudits, openAudit, openDraft, openGallery, putAudit, saveGallery } from '../../src/ui/store'
import type { StoredAudit } from '../../src/ui/store'
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
  await putAudit({ ...makeAudit([], { note: 'later' }), id }, makeAudit([]))
  expect((await openAudit(id))?.audit.note).toBe('later')
})

describe('what another tab', () => {
  const found = makeFacings('A', 'B', 'C')
  const read = async (id: number): Promise<StoredAudit> => (await openAudit(id))!.audit

  test('has corrected meanwhile is not written over', async () => {
    const id = await addAudit(makeAudit(found), picture)
    const [mine, other] = [await read(id), await read(id)]
    await new AuditWriter(other).write(corrected(other, 0, null))
    const writer = new AuditWriter(mine)
    const first = corrected(mine, 1, null)
    const refused = writer.write(first)
    const queued = writer.write(corrected(first, 2, null))
    await expect(refused).rejects.toBeInstanceOf(ChangedError)
    await queued
    expect((await read(id)).corrections.map((each) => each.facing)).toEqual([0])
  })

  test('has called otherwise keeps its new words', async () => {
    const id = await addAudit(makeAudit(found), picture)
    const [mine, other] = [await read(id), await read(id)]
    const writer = new AuditWriter(other)
    await writer.write({ ...other, store: 'Kiosk' })
    await writer.write(corrected({ ...other, store: 'Kiosk' }, 0, null))
    await expect(new AuditWriter(mine).write({ ...mine, note: 'late' })).rejects.toBeInstanceOf(ChangedError)
    expect(await read(id)).toMatchObject({ store: 'Kiosk', note: '', corrections: [{ facing: 0 }] })
  })

  test('has deleted does not come back', async () => {
    const id = await addAudit(makeAudit(found), picture)
    const mine = await read(id)
    await deleteAudit(id)
    await expect(new AuditWriter(mine).write(corrected(mine, 0, null))).rejects.toBeInstanceOf(ChangedError)
    expect(await listAudits()).toEqual([])
  })

  test('has taught a gallery is not written over', async () => {
    const first = await saveGallery('A', new Blob(['1']))
    await new Promise((resolve) => setTimeout(resolve, 5)) // it would be of the same millisecond
    const second = await saveGallery('A', new Blob(['2']), first)
    await expect(saveGallery('A', new Blob(['3']), first)).rejects.toBeInstanceOf(ChangedError)
    await expect(saveGallery('A', new Blob(['3']))).rejects.toBeInstanceOf(ChangedError)
    expect((await openGallery('A'))?.changed).toBe(second)
    await deleteGallery('A')
    await expect(saveGallery('A', new Blob(['3']), second)).rejects.toBeInstanceOf(ChangedError)
    expect(await galleryNames()).toEqual([])
  })
})

test('corrections are written one after the other, also after one for which there was no room', async () => {
  const id = await addAudit(makeAudit(makeFacings('A', 'B')), picture)
  const { audit } = (await openAudit(id))!
  const writer = new AuditWriter(audit)
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  })
  const first = corrected(audit, 0, null)
  const full = writer.write(first)
  const next = writer.write(corrected(first, 1, null))
  await expect(full).rejects.toMatchObject({ full: true })
  await next
  expect((await openAudit(id))!.audit.corrections).toHaveLength(2)
})

test('a device without room says so, and keeps neither audit nor picture', async () => {
  const put = IDBObjectStore.prototype.put
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...values) {
    if (this.name === 'pictures') throw new DOMException('no room', 'QuotaExceededError')
    return put.apply(this, values)
  })
  const failed = addAudit(makeAudit([]), picture)
  await expect(failed).rejects.toBeInstanceOf(StoreError)
  await expect(failed).rejects.toMatchObject({ full: true, message: 'this device has no room left' })
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
  const first = await saveGallery('B', new Blob(['1']))
  await saveGallery('A', new Blob(['2']))
  await saveGallery('B', new Blob(['3']), first)
  expect(await galleryNames()).toEqual(['A', 'B'])
  expect((await openGallery('B'))?.name).toBe('B')
  await clearStore()
  expect(await galleryNames()).toEqual([])
})
