import { describe, expect, test } from 'vitest'
import { Gallery } from '../../src/core'
import type { EmbedderDescription } from '../../src/core'
import { membersOf, moved, pileNumbers, pilesByLook, split, suggestions, without } from '../../src/ui/lesson'
import { founded } from '../../src/ui/looks'

const embedder: EmbedderDescription = {
  tfjs: '', digest: 'e', size: 8, dimensions: 2, scale: 20, middle: 0.8, likeness: 0.8, input: '', output: '',
} // prettier-ignore

/** Unit vectors in the plane at `degrees`. */
const vectors = (...degrees: number[]): Float32Array =>
  Float32Array.from(degrees.flatMap((d) => [Math.cos((d * Math.PI) / 180), Math.sin((d * Math.PI) / 180)]))

describe('piles', () => {
  const piles = pilesByLook(vectors(0, 4, 8, 90, 94, 200), embedder)

  test('hold what looks alike, the largest first', () => {
    expect(pileNumbers(piles)).toEqual([0, 1, 2])
    expect(membersOf(piles, 0).sort()).toEqual([0, 1, 2])
    expect(membersOf(piles, 1).sort()).toEqual([3, 4])
  })

  test('begin with the most typical facing', () => expect(membersOf(piles, 0)[0]).toBe(1))

  test('a facing moves to a pile or to a new one', () => {
    expect(membersOf(moved(piles, [5], 1), 1).sort()).toEqual([3, 4, 5])
    expect(pileNumbers(moved(piles, [0, 3]))).toEqual([0, 1, 2, 3])
  })

  test('what is taught stays taught', () => {
    const taught = without(piles, [0, 1, 2])
    expect(pileNumbers(moved(taught, [0], 1))).toEqual([1, 2])
    expect(membersOf(moved(taught, [0], 1), 1)).toHaveLength(2)
  })

  test.each([[0], [1]])('pile %i splits in two at least, also one of equals', (pile) => {
    const equal = pilesByLook(vectors(0, 0, 0, 90, 90), embedder)
    const after = split(equal, pile, embedder.likeness)
    expect(pileNumbers(after).length).toBeGreaterThan(pileNumbers(equal).length)
    expect([...after.piles].every((number) => number >= 0)).toBe(true)
  })

  test('one facing cannot be split, and no facings make no piles', () => {
    expect(split(piles, 2, embedder.likeness)).toBe(piles)
    expect(pileNumbers(pilesByLook(new Float32Array(0), embedder))).toEqual([])
  })
})

test('what the gallery knows least comes first, with what it takes each pile for', () => {
  const pictures = [new Uint8Array([1]), new Uint8Array([2])]
  const gallery = Gallery.empty('g').teach('Acme', 'Acme', vectors(0, 4), pictures, embedder)
  const listed = suggestions(pilesByLook(vectors(0, 4, 8, 120), embedder), gallery, embedder)
  expect(listed.map((each) => each.sku?.brand ?? null)).toEqual([null, 'Acme'])
  expect(listed[1].sure).toBeGreaterThan(0.5)
})

describe('looks of a sweep', () => {
  test('are founded by two facings at least, and keep their names', () => {
    const first = founded(Gallery.empty('looks'), vectors(0, 2, 4, 90), embedder)
    expect(first.brands).toEqual(['look A'])
    const second = founded(first, vectors(1, 3, 90, 92), embedder)
    expect(second.brands).toEqual(['look A', 'look B'])
    expect(founded(second, vectors(0, 90), embedder)).toBe(second)
  })

  test('nothing founds nothing', () => {
    const none = Gallery.empty('looks')
    expect(founded(none, new Float32Array(0), embedder)).toBe(none)
  })
})
