import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import type { EmbedderDescription } from '../../src/core/config'
import { makeDetections } from '../../src/core/detections'
import { Gallery, GalleryError } from '../../src/core/gallery'
import { groupLooks, lookName, taughtLook, toUnit } from '../../src/core/looks'
import { FrameNamer, nameFacings } from '../../src/core/naming'
import { LONGEST_NAME } from '../../src/core/text'
import { asDetections, expectClose, ROOT, vectors } from './vectors'

const kept = vectors('galleries')
const embedder = { ...kept.embedder, tfjs: '', input: '', output: '' } as EmbedderDescription
const picture = (text: string) => new Uint8Array(new TextEncoder().encode(text))
const vectorsOf = (numbers: number[], from: number, to: number) =>
  Float32Array.from(numbers.slice(from * embedder.dimensions, to * embedder.dimensions))

/** The gallery that Python made, made as a user does: example by example. */
function taught(): Gallery {
  let gallery = Gallery.empty(kept.name)
  kept.example_skus.forEach((sku: number, i: number) => {
    const { brand, name } = kept.skus[sku]
    gallery = gallery.teach(brand, name, vectorsOf(kept.vectors, i, i + 1), [picture(kept.pictures[i])], embedder)
  })
  return gallery
}

/** The same, as it is written in a file. */
function read(): Gallery {
  return new Gallery({
    name: kept.name,
    skus: kept.skus,
    exampleSkus: Int32Array.from(kept.example_skus),
    dimensions: embedder.dimensions,
    embeddings: Float32Array.from(kept.vectors),
    pictures: kept.pictures.map((text: string) => ({ load: async () => picture(text) })),
    embedder: embedder.digest,
    threshold: kept.threshold,
  })
}

describe('a gallery is what it is in Python', () => {
  test('brands, colours, digest, calibration', async () => {
    const gallery = read()
    expect(gallery.brands).toEqual(kept.brands)
    expect(gallery.colors).toEqual(kept.colors)
    expect(gallery.ownBrands).toEqual(['Oats'])
    expect(await gallery.digest()).toBe(kept.digest)
    expect(gallery.matcherData(embedder).middle).toBeCloseTo(kept.middle, 4)
  })

  test('facings are named', () => {
    const match = read().match(Float32Array.from(kept.asked), embedder)
    expect([...match.skuIds]).toEqual(kept.sku_ids)
    expectClose(match.scores, kept.scores, 1e-3)
    expect(new Set(match.skuIds).size).toBeGreaterThan(1)
  })

  test('what it does not know is named by its look', () => {
    const found = asDetections(kept.found)
    for (const [gallery, wanted] of [
      [read(), kept.naming],
      [null, kept.alone],
    ] as const) {
      const naming = nameFacings(found, Float32Array.from(kept.asked), embedder, gallery, true)
      expect([...naming.detections.brandIds!]).toEqual(wanted.brand_ids)
      expect(naming.brands).toEqual(wanted.brands)
      expect(naming.looks).toEqual(wanted.looks)
      // How near a look comes to a product of the gallery makes its share no more doubtful.
      const { brandIds, brandScores } = naming.detections
      const known = gallery ? gallery.brands.length : 0
      expect([...(brandScores ?? [])].filter((_, i) => brandIds![i] >= known).every((score) => score === 1)).toBe(true)
    }
    expect(nameFacings(found, Float32Array.from(kept.asked), embedder, null, false).brands).toEqual([])
  })

  test("the demo gallery's zip is read, and written as it was", async () => {
    const file = new Blob([readFileSync(new URL('data/demo_gallery.zip', ROOT))])
    const gallery = await Gallery.fromZip(file)
    const { digest, name, brands, examples, middle } = kept.demo
    expect(await gallery.digest()).toBe(digest)
    expect([gallery.name, gallery.brands, gallery.pictures.length]).toEqual([name, brands, examples])
    const of = { ...embedder, digest: gallery.embedder, dimensions: gallery.dimensions, middle: 0.77 }
    expect(gallery.matcherData(of).middle).toBeCloseTo(middle, 4)
    const again = await Gallery.fromZip(await gallery.toZip())
    expect(await again.digest()).toBe(digest)
  })
})

describe('a gallery on the phone', () => {
  test('is taught, renamed, merged and reduced without changing the one before', async () => {
    const gallery = taught()
    expect(gallery.skus.map((sku) => sku.id)).toEqual(['sku-1', 'sku-2', 'sku-3', 'sku-4'])
    const renamed = gallery.withBrand('Oats', { brand: 'Havre', own: true })
    expect([renamed.brands.includes('Havre'), gallery.brands.includes('Havre')]).toEqual([true, false])
    expect(renamed.ownBrands).toEqual(['Havre'])
    const [first, second] = gallery.skus
    const merged = gallery.merged(first.id, second.id)
    expect(merged.skus.length).toBe(3)
    expect(merged.pictures.length).toBe(gallery.pictures.length)
    const without = gallery.without(first.id)
    expect(without.pictures.length).toBeLessThan(gallery.pictures.length)
    expect(Math.max(...without.exampleSkus)).toBeLessThan(without.skus.length)
    expect(gallery.withoutExamples([0, 1]).pictures.length).toBe(gallery.pictures.length - 2)
    expect(gallery.withSku(first.id, { name: 'New' }).skus[0].name).toBe('New')
    expect(await gallery.digest()).toBe(await taught().digest())
  })

  test('a product that is called as another one is merged with it, and what its brand was given stays', () => {
    const sku = (id: string, brand: string, name: string, more: object = {}) => ({ id, brand, name, category: '', own: false, color: '', ...more })
    const given = { category: 'Drinks', own: true, color: '#ff0000' }
    const known = new Gallery({ ...Gallery.empty('mine'), skus: [sku('a', 'West', 'tin', given), sku('b', 'West', 'can'), sku('c', 'Ost', 'can', given)] })
    expect(known.renamed('a', 'West', 'can').skus).toEqual([sku('b', 'West', 'can', given), known.skus[2]])
    expect(known.renamed('c', ' west', 'can').skus).toEqual(known.skus.slice(0, 2)) // as what it is now was given
    expect(known.merged('c', 'b').skus[1]).toEqual(known.skus[1]) // of another brand
    expect(known.renamed('c', 'WEST', 'jar').skus[2]).toEqual(sku('c', 'West', 'jar', given))
  })

  test('a brand in another case is so for all of it, and for the product called as it', () => {
    const skus = ['West', 'can'].map((name, i) => ({ id: `sku-${i}`, brand: 'West', name, category: '', own: false, color: '' }))
    const known = new Gallery({ ...Gallery.empty('mine'), skus })
    expect(known.renamed('sku-1', 'WEST', 'can').skus.map(({ brand, name }) => [brand, name])).toEqual([['WEST', 'WEST'], ['WEST', 'can']])
    expect(known.renamed('sku-1', 'West', 'can').skus).toEqual(skus)
    const first = (brand: string, name: string) => known.renamed('sku-0', brand, name).skus[0]
    expect(first('WEST', 'West')).toMatchObject({ brand: 'WEST', name: 'WEST' })
    expect(first('Nord', 'West')).toMatchObject({ brand: 'Nord', name: 'Nord' })
    expect(first('Nord', 'jar')).toMatchObject({ brand: 'Nord', name: 'jar' })
    expect(() => known.renamed('sku-1', ' ', 'can')).toThrow(GalleryError)
  })

  test.each([
    ['Weißbier', 'WEISSBIER'],
    ['Nestlé', 'NESTLÉ'],
  ])('a brand in capitals is the brand: %s, %s', (brand, other) => {
    const skus = [{ id: 'sku-1', name: brand, brand, category: '', own: false, color: '' }]
    expect(new Gallery({ ...Gallery.empty('mine'), skus }).spelled(other)).toBe(brand)
  })

  test('a new product has the category of its brand, and is own as that is', () => {
    const [first] = read().skus
    const marked = read().withSku(first.id, { category: 'Tea', own: true })
    const vector = marked.examplesOf(first.id).slice(0, embedder.dimensions)
    const added = (brand: string) => marked.teach(brand, 'new one', vector, [picture('x')], embedder).skus.at(-1)!
    const alone = marked.skus.filter(({ brand }) => brand === first.brand).length === 1
    expect(added(first.brand)).toMatchObject({ category: alone ? 'Tea' : '', own: true })
    expect(added('Unheard')).toMatchObject({ category: '', own: false })
  })

  test('a facing that is taught under another name is an example of that one alone', () => {
    const gallery = read()
    const [first, second] = gallery.skus.filter(({ brand }, i, all) => i === 0 || brand !== all[0].brand)
    const taught = gallery.examplesOf(first.id)
    expect(gallery.corrected(taught, first.brand, first.name)).toBe(gallery)
    expect(gallery.corrected(taught, first.brand)).toBe(gallery)
    const corrected = gallery.corrected(taught, second.brand, second.name)
    expect(corrected.examplesOf(first.id)).toHaveLength(0)
    expect(corrected.examplesOf(second.id)).toEqual(gallery.examplesOf(second.id))
    expect(corrected.skus).toEqual(gallery.skus)
    expect(Gallery.empty('mine').corrected(taught, 'Rye').pictures).toHaveLength(0)
  })

  test('facings are learnt as examples of any product, until that is forgotten', () => {
    const gallery = read()
    const [first] = gallery.skus
    const vectors = Float32Array.from([...gallery.examplesOf(first.id).slice(0, embedder.dimensions), ...new Float32Array(embedder.dimensions)])
    expect([...gallery.learnt(vectors)]).toEqual([0])
    expect([...gallery.learnt(vectors, `not ${first.brand}`)]).toEqual([])
    expect([...gallery.without(first.id).learnt(vectors)]).toEqual([])
    expect([...Gallery.empty('mine').learnt(vectors)]).toEqual([])
  })

  test('names nothing before it was taught', () => {
    const match = Gallery.empty('mine').match(Float32Array.from(kept.asked), embedder)
    expect(new Set(match.skuIds)).toEqual(new Set([-1]))
    expect(new Set(match.scores)).toEqual(new Set([0]))
  })

  test("of another embedder is made anew from its pictures, and refused before", async () => {
    const other = { ...embedder, digest: 'f'.repeat(64) }
    const gallery = read()
    expect(() => gallery.match(new Float32Array(12), other)).toThrow(GalleryError)
    const unit = new Float32Array(12).fill(1 / Math.sqrt(12))
    const moved = await gallery.embeddedBy(other, async () => unit)
    expect(moved.embedder).toBe(other.digest)
    expect(moved.match(unit, other).scores[0]).toBeGreaterThan(0.5)
    let asked = 0
    const some = await gallery.embeddedBy(other, async () => (asked++ ? unit : null)) // the first cannot be opened
    expect(some.pictures.length).toBe(gallery.pictures.length - 1)
    expect([...some.exampleSkus]).toEqual([...gallery.exampleSkus.slice(1)])
  })

  test.each([
    ['no gallery', { format: 'another 1' }],
    ['no skus', { format: 'skushare gallery 1', name: 'x' }],
    ['a picture elsewhere', withExample({ picture: '../secret.jpg' })],
    ['a vector of another length', withExample({ embedding: btoa('12345678') })],
    ['a product that is not there', withExample({ sku: 'other' })],
    ['a wrong id', { ...withExample({}), skus: [{ id: '../x', name: 'n', brand: 'b' }] }],
    ['an own that is empty', { ...withExample({}), name: '' }],
  ])('a damaged file is refused: %s', (_, index) => {
    expect(() => Gallery.fromFolder(index, new URL('http://localhost/'))).toThrow(GalleryError)
  })

  test('a zip that is none is refused', async () => {
    await expect(Gallery.fromZip(new Blob(['no zip']))).rejects.toThrow(GalleryError)
  })
})

function withExample(changes: object): object {
  const vector = new Float32Array([1, 0])
  const embedding = Buffer.from(vector.buffer).toString('base64')
  const example = { sku: 'a', picture: 'pictures/1.jpg', embedding }
  return {
    format: 'skushare gallery 1',
    name: 'g',
    embedder: '',
    threshold: 0.5,
    skus: [{ id: 'a', name: 'n', brand: 'b', category: '', own: false, color: '' }],
    examples: [example, { ...example, ...changes }],
  }
}

describe('looks are grouped as in Python', () => {
  const { dimensions, vectors: numbers, looks, names } = vectors('looks')
  for (const { likeness, groups } of looks)
    test(`from a likeness of ${likeness}`, () => {
      expect([...groupLooks(Float32Array.from(numbers), dimensions, likeness)]).toEqual(groups)
    })

  test('names', () => {
    for (const [number, name] of Object.entries(names)) expect(lookName(Number(number))).toBe(name)
  })

  test('none and one', () => {
    expect([...groupLooks(new Float32Array(0), 4, 0.5)]).toEqual([])
    expect([...groupLooks(new Float32Array([1, 0, 0, 0]), 4, 0.5)]).toEqual([0])
  })

  test('more facings than are compared each with each', () => {
    const many = Float32Array.from({ length: 2 * 2600 }, (_, k) => (Math.floor(k / 2) % 3 === 0 ? k % 2 : 1 - (k % 2)))
    const groups = groupLooks(many, 2, 0.5)
    expect(groups.filter((group) => group === 0).length).toBe(1733)
    expect(groups[0]).toBe(1)
  })
})

describe('a look is taught as in Python', () => {
  const of = { ...embedder, dimensions: 3, scale: 100, middle: 0.9 }
  const colors = { red: [250, 20, 20], green: [20, 250, 20], blue: [20, 20, 250] }
  type Color = keyof typeof colors
  const shown = (color: Color, count = 1): Float32Array => {
    const unit = toUnit(Float32Array.from(colors[color]))
    return Float32Array.from({ length: 3 * count }, (_, k) => unit[k % 3])
  }
  const teach = (gallery: Gallery, brand: string, color: Color, count = 1): Gallery =>
    taughtLook(gallery, brand, shown(color, count), Array(count).fill(picture('jpeg')), of)

  test('so that all looks of one brand are known as it, whatever they look like', () => {
    let gallery = Gallery.empty('mine')
    for (const [color, count] of [['red', 9], ['blue', 2], ['red', 1], ['green', 3], ['blue', 1]] as const) {
      gallery = teach(gallery, ' Oats ', color, count)
      expect(new Set(gallery.match(shown(color, count), of).skuIds)).toEqual(new Set(gallery.exampleSkus.slice(-1)))
    }
    expect(gallery.skus.map((sku) => sku.name)).toEqual(['Oats', 'Oats 2', 'Oats 3'])
    expect(gallery.brands).toEqual(['Oats'])
    expect([0, 1, 2].map((which) => gallery.exampleSkus.filter((sku) => sku === which).length)).toEqual([10, 3, 3])
  })

  test('under any name that a brand may have', () => {
    const longest = '🥛'.repeat(LONGEST_NAME)
    const gallery = teach(teach(Gallery.empty('mine'), longest, 'red'), longest, 'blue')
    expect(gallery.brands).toEqual([longest])
    expect(gallery.skus.map((sku) => [...sku.name].length)).toEqual([LONGEST_NAME, LONGEST_NAME - 6])
    for (const brand of [' ', `${longest}x`]) expect(() => teach(gallery, brand, 'red')).toThrow(GalleryError)
  })

  test('another spelling of a brand being the brand', () => {
    let gallery = Gallery.empty('g')
    for (const [brand, color] of [['West', 'red'], [' west ', 'red'], ['WEST', 'blue'], ['Wests', 'green']] as const) gallery = teach(gallery, brand, color)
    expect(gallery.skus.map((sku) => sku.name)).toEqual(['West', 'West 2', 'Wests'])
  })
})

test('frames are named as in Python, a few facings embedded in each', async () => {
  const { size, embedder: of, skus, centres, frames, asked } = vectors('frames')
  const gallery = new Gallery({
    name: 'g',
    skus,
    exampleSkus: Int32Array.from([0, 1, 2]),
    dimensions: 4,
    embeddings: Float32Array.from(centres),
    pictures: [1, 2, 3].map((n) => ({ load: async () => picture(String(n)) })),
    embedder: of.digest,
    threshold: 0.5,
  })
  const counts: number[] = []
  const namer = new FrameNamer(gallery.matcherData(of))
  for (const frame of frames) {
    const { brand_ids: _, brand_scores: __, sku_ids: ___, ...bare } = frame
    const found = await namer.name(size, asDetections(bare), async (boxes) => {
      counts.push(boxes.length / 4)
      const out = new Float32Array(boxes.length)
      for (let i = 0; i < boxes.length / 4; i++) {
        const [left, , right] = boxes.subarray(4 * i, 4 * i + 4)
        const piece = left < 0.01 * size.width || right > 0.99 * size.width ? 1 : 0
        out[4 * i + ((Math.floor(Math.trunc(left) / 40) + piece) % 3)] = 1 / Math.hypot(1, 0.2)
        out[4 * i + 3] = 0.2 / Math.hypot(1, 0.2)
      }
      return out
    })
    expect([...found.brandIds!]).toEqual(frame.brand_ids)
    expectClose(found.brandScores!, frame.brand_scores, 1e-3)
  }
  expect(counts).toEqual(asked)
})

test('a facing keeps its vector by its track, however far it moves, and its neighbour does not take it', async () => {
  const asked: number[] = []
  const namer = new FrameNamer(read().matcherData(embedder))
  const look = async (lefts: number[], tracks: number[]): Promise<number[]> => {
    const boxes = lefts.flatMap((left) => [left, 10, left + 30, 60])
    const found = { ...makeDetections(boxes, lefts.map(() => 0.9)), trackIds: Int32Array.from(tracks) }
    await namer.name({ width: 2000, height: 100 }, found, async (wanted) => {
      const out = new Float32Array((wanted.length / 4) * embedder.dimensions)
      for (let i = 0; i < wanted.length / 4; i++) out[i * embedder.dimensions + (wanted[4 * i] === 40 ? 0 : 1)] = 1
      asked.push(wanted.length / 4)
      return out
    })
    return Array.from(lefts, (_, i) => namer.vectors[i * embedder.dimensions])
  }
  const many = Array.from({ length: 16 }, (_, i) => 40 * i + 40)
  expect(await look(many, many.map((_, i) => i))).toEqual([1, ...new Array(15).fill(0)])
  // Sixteen new ones come in, which are embedded first; what was the first is where the second was.
  const next = [...many.map((left) => left + 1000), 80, 120]
  const vectors = await look(next, [...many.map((_, i) => i + 100), 0, 1])
  expect(vectors.slice(16)).toEqual([1, 0])
  expect(asked).toEqual([16, 16])
})

test('a vector of a piece goes for none once the facing is seen whole, and one of the whole stays', async () => {
  const namer = new FrameNamer(read().matcherData(embedder))
  const look = async (left: number): Promise<[number[], boolean[], number]> => {
    let asked = 0
    const found = { ...makeDetections([left, 10, 40, 60], [0.9]), trackIds: Int32Array.of(7) }
    await namer.name({ width: 200, height: 100 }, found, async (wanted) => {
      asked = wanted.length / 4
      const out = new Float32Array(asked * embedder.dimensions)
      if (asked) out[left ? 0 : 1] = 1
      return out
    })
    return [[...namer.vectors.subarray(0, 2)], namer.lookedAt, asked]
  }
  expect(await look(0)).toEqual([[0, 1], [true], 1])
  expect(await look(10)).toEqual([[1, 0], [true], 1])
  expect(await look(0)).toEqual([[1, 0], [true], 0])
})
