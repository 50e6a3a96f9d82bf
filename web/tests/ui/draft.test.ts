import { beforeEach, describe, expect, test, vi } from 'vitest'
import { signal } from '@preact/signals'
import { Gallery, makeDetections } from '../../src/core'
import type { BundleDescription, EmbedderDescription } from '../../src/core'
import { corrected, current, undone } from '../../src/ui/audit'
import type { Audit } from '../../src/ui/audit'
import { begin, discard, draft, draftAudit, keepCorrections, keptAudit, setMinScore, unsaved } from '../../src/ui/draft'
import * as session from '../../src/ui/session'
import { lastWords } from '../../src/ui/settings'

// Of the session only what a draft is named by: all of it needs a page and a model.
vi.mock('../../src/ui/session', async () => {
  const { signal } = await import('@preact/signals')
  return { bundle: signal(null), description: signal(null), embedder: signal(null), gallery: signal(null) }
})

const EMBEDDER: EmbedderDescription = {
  tfjs: '', digest: 'e', size: 8, dimensions: 2, scale: 20, middle: 0.8, likeness: 0.8, input: '', output: '',
} // prettier-ignore
const FLAT = [1, 0]
const STEEP = [0, 1]

/** Count facings in a row, 100 pixels each, of these scores; `vectors` of their looks. */
function count(scores: number[], vectors: number[] | null = null): void {
  const description = { name: 'model', skushare: '1', detector: { digest: 'd', config: { min_score: 0.4, labels: ['facing'] } } } as unknown as BundleDescription
  session.bundle.value = { description } as unknown as typeof session.bundle.value
  ;(session.description as ReturnType<typeof signal<BundleDescription>>).value = description
  ;(session.embedder as ReturnType<typeof signal<EmbedderDescription | null>>).value = vectors && EMBEDDER
  session.gallery.value = null
  const all = makeDetections(scores.flatMap((_, i) => [100 * i, 0, 100 * i + 90, 100]), scores)
  const picture = { width: 1000, height: 100, close: () => {} } as ImageBitmap
  begin({ name: 'shelf.jpg', source: 'photo', picture, time: new Date(0), all, vectors: vectors && Float32Array.from(vectors), sweep: null, ms: 0 })
}

const audit = (): Audit => draftAudit.value!
const correct = (number: number | null, left: number, brand: string): void =>
  keepCorrections(corrected(audit(), number, { box: [left, 0, left + 90, 100], brand }).corrections)
const remove = (number: number): void => keepCorrections(corrected(audit(), number, null).corrections)
const lefts = (): number[] => current(audit()).map(({ facing }) => facing.box[0]).sort((a, b) => a - b)
const brands = (of = audit()): string[] => current(of).map(({ facing }) => facing.brand)

beforeEach(discard)

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

test('a count that is not saved has no words of the last audit', () => {
  lastWords.value = { store: 'Corner shop', shelf: 'Cereals', category: 'Food' }
  count([0.9])
  expect(keptAudit.value).toMatchObject({ store: '', shelf: '', category: '', note: '' })
})

test('only corrections can be lost with a draft', () => {
  expect(unsaved()).toBe(false)
  count([0.9])
  expect(unsaved()).toBe(false)
  remove(0)
  expect(unsaved()).toBe(true)
  keepCorrections(undone(audit()).corrections)
  expect(unsaved()).toBe(false)
  remove(0)
  discard()
  expect(unsaved()).toBe(false)
  expect(draft.value).toBeNull()
})
