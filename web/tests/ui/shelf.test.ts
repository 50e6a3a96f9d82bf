import { describe, expect, test } from 'vitest'
import { Gallery, makeDetections } from '../../src/core'
import type { EmbedderDescription } from '../../src/core'
import { embedded, nameShelf } from '../../src/ui/shelf'
import type { Named } from '../../src/ui/shelf'

const EMBEDDER: EmbedderDescription = {
  tfjs: '', digest: 'e', size: 8, dimensions: 2, scale: 20, middle: 0.8, likeness: 0.8, input: '', output: '',
} // prettier-ignore
const VECTORS = Float32Array.of(1, 0, 0, 1)

/** Two facings of the model's classes `labels`. */
function named(labels: string[], embedder: EmbedderDescription | null, gallery: Gallery | null = null): Named {
  const all = makeDetections([0, 0, 9, 9, 10, 0, 19, 9], [0.9, 0.9], labels.length > 1 ? [0, 1] : [0, 0])
  return nameShelf({ all, vectors: embedder && VECTORS }, 0.5, embedder, gallery, labels)
}
const brandsOf = ({ facings }: Named): string[] => facings.map((facing) => facing.brand)

test.each([
  [['facing'], ['', '']], // any facing, which is no brand
  [['Acme', 'Zeta'], ['Acme', 'Zeta']],
])('without an embedder, classes %j are brands %j', (labels, brands) => {
  expect(brandsOf(named(labels, null))).toEqual(brands)
})

test('a facing of a low score has no vector', () => {
  expect(embedded(Float32Array.of(1, 0, 0, 0, 0, 1), 2)).toEqual([0, 2])
  expect(embedded(new Float32Array(0), 2)).toEqual([])
})

describe('with an embedder', () => {
  const known = Gallery.empty('mine').teach('Beta', 'Beta', Float32Array.of(1, 0), [new Uint8Array([1])], EMBEDDER)

  test.each([
    ['no gallery', null, ['Acme', 'Zeta']],
    ['an empty gallery', Gallery.empty('mine'), ['Acme', 'Zeta']],
    ['a gallery that knows one', known, ['Beta', '']],
  ])('and %s, a model of several classes names %j', (_, gallery, brands) => {
    const shelf = named(['Acme', 'Zeta'], EMBEDDER, gallery)
    expect(brandsOf(shelf)).toEqual(brands)
    expect(shelf.looks.size).toBe(0)
    expect(shelf.vectors).toEqual(VECTORS) // to teach by
  })

  test('a model of a single class groups by look', () => {
    const shelf = named(['facing'], EMBEDDER)
    expect(brandsOf(shelf)).toEqual(['look A', 'look B'])
    expect([...shelf.looks]).toEqual(['look A', 'look B'])
  })
})
