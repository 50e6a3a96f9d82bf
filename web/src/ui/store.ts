/** What stays on the device: audits with their pictures, galleries, and the count that is not saved yet, in IndexedDB. */

import { openDB } from 'idb'
import type { DBSchema, IDBPDatabase, IDBPObjectStore } from 'idb'
import type { Audit, Correction, Source, Words } from './audit'
import type { CountedSweep, Shelf } from './shelf'
import { t } from './strings'

export interface StoredAudit extends Audit {
  id: number
}

/** A gallery as the zip that it is exported as. */
export interface StoredGallery {
  name: string
  zip: Blob
  changed: string // ISO
}

/** What was counted and is not saved as an audit; only the newest is kept, whichever tab it is of. */
export interface StoredDraft extends Omit<Shelf, 'picture'> {
  id: string
  picture: Blob
}

/** What the user makes of a draft. */
export interface DraftWork {
  minScore: number
  corrections: Correction[] // of facings numbered in the shelf's `all`; an empty brand is whatever the facing is named
}

// Apart, as former versions of the app, which may share the host, open every sweep and know no picture without one.
const [SWEEP, PICTURE] = ['sweep-', 'picture-']

/** What a camera had counted when its page was put aside, with the frame in view; or a picture that was being counted. */
export interface StoredSweep {
  id: string // of the page
  time: Date
  name: string // of the picture
  source: Source
  picture: Blob
  sweep: CountedSweep | null
}

interface Schema extends DBSchema {
  audits: { key: number; value: Audit; indexes: { time: string } }
  pictures: { key: number; value: Blob } // JPEG, by the audit's number
  galleries: { key: string; value: StoredGallery } // by name
  // At 'shelf' and 'work', as a correction does not write the picture anew; sweeps and pictures at their pages' ids.
  draft: { key: string; value: StoredDraft | DraftWork | StoredSweep }
}

/** Something was not written; the message is fit for the user. `full`: the device has no room. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  constructor(
    readonly full: boolean,
    cause: unknown,
  ) {
    super(full ? t('store.full') : cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** Another tab has changed or deleted it since it was read here; nothing was written over that. */
export class ChangedError extends StoreError {
  constructor() {
    super(false, t('store.changed'))
  }
}

let opened: Promise<IDBPDatabase<Schema>> | null = null

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('skushare', 2, {
    upgrade(db, from) {
      if (from < 2) db.createObjectStore('draft')
      if (from >= 1) return
      db.createObjectStore('audits', { keyPath: 'id', autoIncrement: true }).createIndex('time', 'time')
      db.createObjectStore('pictures')
      db.createObjectStore('galleries', { keyPath: 'name' })
    },
    blocking: () => void closeStore(), // a newer version of the app in another tab needs to upgrade
    terminated: () => (opened = null),
  }).catch((error: unknown) => {
    opened = null
    throw error
  })
  return opened
}

/** Let go of the database; the next call opens it again. */
export async function closeStore(): Promise<void> {
  const closing = opened
  opened = null
  await closing?.then((db) => db.close()).catch(() => {})
}

/** What `write` gives; whatever stops it is a `StoreError`. */
async function writing<T>(write: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
  try {
    return await write(await database())
  } catch (error) {
    if (error instanceof ChangedError) throw error
    const name = error instanceof DOMException ? error.name : ''
    throw new StoreError(name === 'QuotaExceededError', error)
  }
}

/** Save a new audit with its picture, both or none; gives its number. */
export function addAudit(audit: Audit, picture: Blob): Promise<number> {
  return writing(async (db) => {
    const change = db.transaction(['audits', 'pictures'], 'readwrite', { durability: 'strict' })
    const { id: _, ...rest } = audit
    try {
      const id = await change.objectStore('audits').add(rest)
      await change.objectStore('pictures').put(picture, id)
      await change.done
      return id
    } catch (error) {
      change.done.catch(() => {}) // told by `error`
      try {
        change.abort() // the audit is not to stay without its picture
      } catch {
        // It has ended by itself.
      }
      throw error
    }
  })
}

/** What people change of a saved audit. */
type Changeable = Words & Pick<Audit, 'corrections'>

function asText({ store, shelf, category, note, corrections }: Changeable): string {
  return JSON.stringify([store, shelf, category, note, corrections])
}

/**
 * Write `audit` over the one of its number.
 *
 * @param before the words and corrections that it had when it was read.
 * @throws ChangedError it has others by now, or is gone.
 */
export function putAudit(audit: StoredAudit, before: Changeable): Promise<void> {
  return writing(async (db) => {
    const change = db.transaction('audits', 'readwrite', { durability: 'strict' })
    const there = await change.store.get(audit.id)
    const same = there && asText(there) === asText(before)
    await Promise.all([same && change.store.put(audit), change.done])
    if (!same) throw new ChangedError()
  })
}

/** Writes the changes of one audit as it was read, one after the other, so that the newest is what stays. */
export class AuditWriter {
  private writing: Promise<void> = Promise.resolve()
  private refused = false // changes that were made meanwhile are of what is not there any more

  constructor(private before: Changeable) {}

  /** @throws ChangedError another tab has changed it meanwhile; this writer then writes nothing more. */
  write(audit: StoredAudit): Promise<void> {
    const written = this.writing.then(async () => {
      if (this.refused) return
      try {
        await putAudit(audit, this.before)
        this.before = audit
      } catch (error) {
        this.refused = error instanceof ChangedError
        throw error
      }
    })
    this.writing = written.catch(() => {})
    return written
  }
}

/** All audits, newest first. */
export async function listAudits(): Promise<StoredAudit[]> {
  const db = await database()
  return ((await db.getAllFromIndex('audits', 'time')) as StoredAudit[]).reverse()
}

/** The audit of this number with its picture; `null` if there is none. */
export async function openAudit(id: number): Promise<{ audit: StoredAudit; picture: Blob | null } | null> {
  const db = await database()
  const [audit, picture] = await Promise.all([db.get('audits', id), db.get('pictures', id)])
  return audit ? { audit: audit as StoredAudit, picture: picture ?? null } : null
}

export function deleteAudit(id: number): Promise<void> {
  return writing(async (db) => {
    const change = db.transaction(['audits', 'pictures'], 'readwrite')
    await Promise.all([change.objectStore('audits').delete(id), change.objectStore('pictures').delete(id), change.done])
  })
}

/**
 * Save a gallery under its name; gives when.
 *
 * @param before when the one that it was made of was saved; nothing, where it is a new one.
 * @throws ChangedError that is not the one which is there.
 */
export function saveGallery(name: string, zip: Blob, before?: string): Promise<string> {
  return writing(async (db) => {
    const change = db.transaction('galleries', 'readwrite')
    const there = await change.store.get(name)
    const same = there?.changed === before
    const changed = new Date().toISOString()
    await Promise.all([same && change.store.put({ name, zip, changed }), change.done])
    if (!same) throw new ChangedError()
    return changed
  })
}

export async function galleryNames(): Promise<string[]> {
  return (await database()).getAllKeys('galleries')
}

export async function openGallery(name: string): Promise<StoredGallery | undefined> {
  return (await database()).get('galleries', name)
}

export function deleteGallery(name: string): Promise<void> {
  return writing((db) => db.delete('galleries', name))
}

/** Keep a new draft in place of the one that is there. */
export function saveDraft(draft: StoredDraft, work: DraftWork): Promise<void> {
  return writing(async (db) => {
    const change = db.transaction('draft', 'readwrite')
    await Promise.all([change.store.put(draft, 'shelf'), change.store.put(work, 'work'), change.done])
  })
}

/** Keep what was made of the draft `id`, as long as that is the one which is kept. */
export function saveWork(id: string, work: DraftWork): Promise<void> {
  return ofDraft(id, (store) => store.put(work, 'work'))
}

/** Forget the draft `id`; another tab's stays. */
export function deleteDraft(id: string): Promise<void> {
  return ofDraft(id, (store) => Promise.all([store.delete('shelf'), store.delete('work')]))
}

type DraftStore = IDBPObjectStore<Schema, ['draft'], 'draft', 'readwrite'>

function ofDraft(id: string, write: (store: DraftStore) => Promise<unknown>): Promise<void> {
  return writing(async (db) => {
    const change = db.transaction('draft', 'readwrite', { durability: 'strict' })
    const kept = (await change.store.get('shelf')) as StoredDraft | undefined
    await Promise.all([kept?.id === id && write(change.store), change.done])
  })
}

/** The draft that is kept, and what was made of it; `null` if there is none. */
export async function openDraft(): Promise<{ draft: StoredDraft; work: DraftWork } | null> {
  const change = (await database()).transaction('draft')
  const [draft, work] = await Promise.all([change.store.get('shelf'), change.store.get('work'), change.done])
  return draft && work ? { draft: draft as StoredDraft, work: work as DraftWork } : null
}

/** Keep a sweep or picture in place of what its page has kept before. */
export function saveSweep(sweep: StoredSweep): Promise<void> {
  const [key, other] = sweep.sweep?.unique ? [SWEEP, PICTURE] : [PICTURE, SWEEP]
  return writing(async (db) => {
    const change = db.transaction('draft', 'readwrite')
    await Promise.all([change.store.put(sweep, key + sweep.id), change.store.delete(other + sweep.id), change.done])
  })
}

/** Every sweep and picture that is kept, the oldest first. */
export async function openSweeps(): Promise<StoredSweep[]> {
  const db = await database()
  const kept = await Promise.all([SWEEP, PICTURE].map((kind) => db.getAll('draft', IDBKeyRange.bound(kind, `${kind}\uffff`))))
  const found = (kept.flat() as StoredSweep[]).map((each): StoredSweep => ({ ...{ name: 'frame.jpg', source: 'live' }, ...each })) // those of former versions lack it
  return found.sort((a, b) => a.time.getTime() - b.time.getTime())
}

/** Forget the sweep or picture of the page `id`. */
export function deleteSweep(id: string): Promise<void> {
  return writing(async (db) => {
    const change = db.transaction('draft', 'readwrite')
    await Promise.all([...[SWEEP, PICTURE].map((kind) => change.store.delete(kind + id)), change.done])
  })
}

/** Delete every audit, picture, gallery and draft. */
export function clearStore(): Promise<void> {
  return writing(async (db) => {
    const change = db.transaction(['audits', 'pictures', 'galleries', 'draft'], 'readwrite')
    const stores = ['audits', 'pictures', 'galleries', 'draft'] as const
    await Promise.all([...stores.map((name) => change.objectStore(name).clear()), change.done])
  })
}

/** Room on the device in bytes, and whether the browser has promised not to clear what is kept. */
export interface Room {
  used: number
  quota: number
  kept: boolean
}

/** `null` where the browser does not tell. */
export async function room(): Promise<Room | null> {
  if (!navigator.storage?.estimate) return null
  const { usage = 0, quota = 0 } = await navigator.storage.estimate()
  return { used: usage, quota, kept: (await navigator.storage.persisted?.()) ?? false }
}

/** Ask the browser not to clear what is kept when the device runs out of room. */
export async function keep(): Promise<boolean> {
  return (await navigator.storage?.persist?.()) ?? false
}
