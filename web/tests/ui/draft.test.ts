import 'fake-indexeddb/auto'
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { signal } from '@preact/signals'
import { Gallery, makeDetections } from '../../src/core'
import type { BundleDescription, EmbedderDescription } from '../../src/core'
import { corrected, current, reckon, undone } from '../../src/ui/audit'
import type { Audit } from '../../src/ui/audit'
import { begin, chooseScores, discard, draft, draftAudit, findLeft, forgetLeft, goOn, keepCorrections, keptAudit, left, leftUnsaved, setMinScore, unsaved } from '../../src/ui/draft'
import * as session from '../../src/ui/session'
import { lastWords } from '../../src/ui/settings'
import type { CountedBy, Shelf } from '../../src/ui/shelf'
import { closeStore, openDraft, saveDraft } from '../../src/ui/store'
import type { StoredDraft } from '../../src/ui/store'
import { makeFacings, written } from './make'

// Of the session only what a draft is named by: all of it needs a page and a model.
vi.mock('../../src/ui/session', async () => {
  const { signal } = await import('@preact/signals')
  return { auditor: signal(null), description: signal(null), embedder: signal(null), gallery: signal(null), tell: vi.fn() }
})
vi.mock('../../src/ui/picture', () => ({ toJpeg: async () => new Blob(['jpeg']) })) // it needs a canvas

const EMBEDDER: EmbedderDescription = {
  tfjs: '', digest: 'e', size: 8, dimensions: 2, scale: 20, middle: 0.8, likeness: 0.8, input: '', output: '',
} // prettier-ignore
const BY: CountedBy = { model: 'model', digest: 'd', embedder: 'e', labels: ['facing'], software: '1' }
const FLAT = [1, 0]
const STEEP = [0, 1]

/** Count facings in a row, 100 pixels each, of these scores; `vectors` of their looks. */
function count(scores: number[], vectors: number[] | null = null, changes: Partial<Shelf> = {}): void {
  const description = { detector: { digest: 'd', config: { min_score: 0.4 } } } as unknown as BundleDescription
  ;(session.description as ReturnType<typeof signal<BundleDescription>>).value = description
  ;(session.embedder as ReturnType<typeof signal<EmbedderDescription | null>>).value = vectors && EMBEDDER
  session.gallery.value = null
  const all = makeDetections(scores.flatMap((_, i) => [100 * i, 0, 100 * i + 90, 100]), scores)
  const picture = { width: 1000, height: 100, close: () => {} } as ImageBitmap
  const embedded = vectors && Float32Array.from(vectors)
  begin({ name: 'shelf.jpg', source: 'photo', picture, time: new Date(0), all, vectors: embedded, sweep: null, by: BY, ms: 0, ...changes })
}

const audit = (): Audit => draftAudit.value!
const correct = (number: number | null, left: number, brand: string): void =>
  keepCorrections(corrected(audit(), number, { box: [left, 0, left + 90, 100], brand }).corrections)
const remove = (number: number): void => keepCorrections(corrected(audit(), number, null).corrections)
const lefts = (): number[] => current(audit()).map(({ facing }) => facing.box[0]).sort((a, b) => a - b)
const brands = (of = audit()): string[] => current(of).map(({ facing }) => facing.brand)

/** The same device with a new page, whose model embeds with the network `embedder`. */
async function restart(embedder = 'e', embed = vi.fn()): Promise<void> {
  await written()
  const there = await openDraft()
  discard() // which a page that was ended does not: what was there comes back
  await written()
  if (there) await saveDraft(there.draft, there.work)
  session.auditor.value = { bundle: { description: { detector: { config: { min_score: 0.4 } }, embedder: { ...EMBEDDER, digest: embedder } } }, embed } as unknown as typeof session.auditor.value
  await findLeft()
}

beforeEach(async () => {
  discard()
  await closeStore()
  globalThis.indexedDB = new IDBFactory()
})
afterEach(() => vi.restoreAllMocks())

describe('the score goes up and back', () => {
  beforeEach(() => count([0.9, 0.45, 0.8]))

  test('and a corrected facing is counted once', () => {
    correct(1, 100, 'Acme')
    for (const score of [0.5, 0.41, 0.5]) {
      setMinScore(score)
      expect(lefts()).toEqual([0, 100, 200])
      expect(brands().filter((brand) => brand)).toEqual(['Acme'])
    }
  })

  test('and a removed facing stays removed, also when something else is corrected between', () => {
    remove(1)
    setMinScore(0.5)
    expect(audit().corrections).toEqual([])
    correct(1, 200, 'Acme')
    correct(null, 500, 'Zeta')
    setMinScore(0.41)
    expect(lefts()).toEqual([0, 200, 500])
  })

  test('and what was corrected between stays so', () => {
    correct(1, 100, 'Acme')
    setMinScore(0.5)
    const added = current(audit()).find(({ facing }) => facing.brand === 'Acme')!
    correct(added.number, 110, 'Acme')
    setMinScore(0.41)
    expect(lefts()).toEqual([0, 110, 200])
    keepCorrections(undone(audit()).corrections)
    expect(lefts()).toEqual([0, 100, 200])
    keepCorrections(undone(audit()).corrections)
    expect(brands()).toEqual(['', '', ''])
  })
})

describe('a look', () => {
  beforeEach(() => count([0.9, 0.9, 0.9, 0.9], [...FLAT, ...FLAT, ...STEEP, ...STEEP]))

  test('of a moved and of an added facing becomes the brand that is taught', () => {
    expect(brands()).toEqual(['look A', 'look A', 'look B', 'look B'])
    correct(0, 5, 'look A')
    correct(null, 100, 'look A')
    expect(brands()).toEqual(['look A', 'look A', 'look B', 'look B', 'look A'])
    const pictures = [new Uint8Array([1])]
    session.gallery.value = Gallery.empty('mine')
      .teach('Acme', 'Acme', Float32Array.from(FLAT), pictures, EMBEDDER)
      .teach('Zeta', 'Zeta', Float32Array.from(STEEP), pictures, EMBEDDER)
    expect(brands()).toEqual(['Acme', 'Acme', 'Zeta', 'Zeta', 'Acme'])
    expect(JSON.stringify(audit())).not.toContain('look')
  })

  test('is no brand of what is saved or exported', () => {
    correct(0, 5, 'look A')
    correct(null, 100, 'look A')
    correct(2, 200, 'Zeta')
    const saved = keptAudit.value!
    expect(brands(saved)).toEqual(['', '', 'Zeta', '', ''])
    expect(JSON.stringify(saved)).not.toContain('look')
  })
})

describe('a sweep', () => {
  const sweep = { unique: 3, found: makeFacings('', 'Old', '') }
  const seen = { vectors: Float32Array.of(...FLAT, ...STEEP, 0, 0), embedder: 'e' }
  const teach = (brand: string, look: number[]): void =>
    void (session.gallery.value = (session.gallery.value ?? Gallery.empty('mine')).teach(brand, brand, Float32Array.from(look), [new Uint8Array([1])], EMBEDDER))
  const told = (): unknown => keptAudit.value?.sweep?.found.map((facing) => facing.brand)

  test('is named by what is taught since it was frozen, and saved without its vectors', () => {
    count([0.9], FLAT, { sweep: { ...sweep, seen } })
    expect(told()).toEqual(['', 'Old', ''])
    teach('Acme', FLAT)
    expect(told()).toEqual(['Acme', '', ''])
    teach('Zeta', STEEP)
    expect(told()).toEqual(['Acme', 'Zeta', ''])
    expect(reckon(audit()).sweep?.map((row) => [row.name, row.facings])).toEqual([['Acme', 1], ['Zeta', 1], ['unknown', 1]])
    expect(keptAudit.value?.sweep).toEqual({ unique: 3, found: [expect.objectContaining({ product: 'Acme' }), expect.anything(), expect.anything()] })
  })

  test.each([
    ['no vectors, as earlier versions kept it', {}],
    ['those of another network', { seen: { ...seen, embedder: 'another' } }],
  ])('with %s stays as it was recorded', (_, looks) => {
    count([0.9], FLAT, { sweep: { ...sweep, ...looks } })
    teach('Acme', FLAT)
    expect(told()).toEqual(['', 'Old', ''])
  })
})

test('a count that is not saved has no words of the last audit', () => {
  lastWords.value = { store: 'Corner shop', shelf: 'Cereals', category: 'Food' }
  count([0.9])
  expect(keptAudit.value).toMatchObject({ store: '', shelf: '', category: '', note: '' })
})

describe('a page that ends', () => {
  beforeEach(() => vi.stubGlobal('createImageBitmap', async () => ({ width: 1000, height: 100, close: () => {} })))
  afterEach(() => vi.unstubAllGlobals())

  test('leaves the count behind with all that was made of it', async () => {
    const sweep = { unique: 3, found: makeFacings('A', 'B', 'B'), seen: { vectors: Float32Array.of(...FLAT, ...STEEP, ...STEEP), embedder: 'e' } }
    count([0.9, 0.45, 0.8], [...FLAT, ...FLAT, ...STEEP], { sweep })
    correct(0, 5, 'Acme')
    remove(2)
    setMinScore(0.5)
    const before = audit()
    await restart()
    expect([draft.value, leftUnsaved()]).toEqual([null, true])
    await goOn()
    expect([unsaved(), leftUnsaved()]).toEqual([true, false])
    expect(audit()).toEqual(before)
    expect(draft.value?.shelf.sweep).toEqual(sweep)
    expect(left.value).toBeNull()
    keepCorrections(undone(audit()).corrections)
    await restart()
    await goOn()
    expect(audit().corrections).toHaveLength(1)
  })

  test('leaves nothing behind of a count that was saved or thrown away', async () => {
    count([0.9])
    await written()
    expect(await openDraft()).not.toBeNull()
    discard()
    await restart()
    expect(left.value).toBeNull()
  })

  test('leaves no count that the user throws away later', async () => {
    count([0.9])
    await restart()
    expect(left.value).not.toBeNull()
    forgetLeft()
    await restart()
    expect(left.value).toBeNull()
  })

  test('leaves vectors behind that another network makes anew', async () => {
    count([0.9, 0.9], [...FLAT, ...STEEP])
    const embed = vi.fn(async () => Float32Array.from([...STEEP, ...STEEP]))
    await restart('another', embed)
    await goOn()
    expect(draft.value!.shelf.vectors).toEqual(Float32Array.from([...STEEP, ...STEEP]))
    expect(audit().modelDigest).toBe('d')
  })
})

describe('of two tabs', () => {
  const other = (): Promise<void> => saveDraft({ ...draft.value!.shelf, picture: new Blob(['other']), id: 'other' } as StoredDraft, { minScore: 0.3, corrections: [] })

  test('the one that counted last has its draft kept, whatever the other does', async () => {
    count([0.9])
    await written()
    await other()
    remove(0)
    await written()
    expect(await openDraft()).toMatchObject({ draft: { id: 'other' }, work: { corrections: [] } })
    discard()
    await written()
    expect((await openDraft())?.draft.id).toBe('other')
  })

  test('the one that goes on with a draft makes it its own', async () => {
    vi.stubGlobal('createImageBitmap', async () => ({ close: () => {} }))
    count([0.9])
    await restart()
    const former = left.value!.draft.id
    await goOn()
    await written()
    expect((await openDraft())?.draft.id).toBe(draft.value!.id)
    expect(draft.value!.id).not.toBe(former)
    vi.unstubAllGlobals()
  })
})

test('without room the count and its corrections stay on the screen, and are said to go with it', async () => {
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('no room', 'QuotaExceededError')
  })
  count([0.9, 0.9])
  remove(0)
  await written()
  expect(lefts()).toEqual([100])
  expect(await openDraft()).toBeNull()
  expect(vi.mocked(session.tell).mock.calls).toEqual([['warning', expect.stringContaining('no room')]])
})

test('facings, corrections and a sweep can be lost with a draft, an empty picture cannot', async () => {
  expect(unsaved()).toBe(false)
  count([0.9])
  expect(unsaved()).toBe(true)
  await restart()
  expect([unsaved(), leftUnsaved()]).toEqual([false, true])
  count([0.1])
  expect(unsaved()).toBe(false)
  correct(null, 100, 'Acme')
  expect(unsaved()).toBe(true)
  keepCorrections(undone(audit()).corrections)
  expect(unsaved()).toBe(false)
  setMinScore(0.05)
  expect(unsaved()).toBe(true)
  discard()
  expect(unsaved()).toBe(false)
  expect(draft.value).toBeNull()
  count([], null, { sweep: { unique: 0, found: [] } })
  expect(unsaved()).toBe(false)
  count([], null, { sweep: { unique: 2, found: makeFacings('A', 'B') } })
  expect(unsaved()).toBe(true)
})

test('the score chosen for a model is not that of another at the same address', () => {
  count([0.9, 0.5])
  chooseScores({ photo: 0.6 })
  count([0.9, 0.5])
  expect(draft.value?.minScore).toBe(0.6)
  const of = session.description as ReturnType<typeof signal<BundleDescription>>
  of.value = { detector: { digest: 'other', config: { min_score: 0.3 } } } as unknown as BundleDescription
  begin(draft.value!.shelf)
  expect(draft.value?.minScore).toBe(0.3)
  count([0.9, 0.5])
  expect(draft.value?.minScore).toBe(0.6)
  chooseScores({})
  count([0.9, 0.5])
  expect(draft.value?.minScore).toBe(0.4)
})
