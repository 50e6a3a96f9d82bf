/** The products that can be recognised: brands, SKUs and examples of how each looks. */

import { strFromU8, unzipSync, zipSync } from 'fflate'

import { labelColors } from './colors'
import type { EmbedderDescription } from './config'
import { dot, toUnit } from './looks'
import { quantile } from './numbers'
import { sha256 } from './sha256'
import { LONGEST_NAME, tidyName } from './text'

const FORMAT = 'skushare gallery 1'
const INDEX = 'gallery.json'
const THRESHOLD = 0.5 // a brand is named when it is more likely right than wrong
const PRIOR = 20 // examples that the embedder's own calibration weighs as much as
const MANY_BRANDS = 6 // with fewer, how alike they are says too little of how like them an unknown one may be
const SAME_FACING = 0.999 // cosine from which two vectors are of one facing, as in Python
const SAMPLE = 500 // examples that a gallery is calibrated on, at most
const LARGEST_ZIP = 1 << 30 // bytes of all files in it, unpacked

/** A gallery cannot be read or changed; the message says why, in the words of Python's. */
export class GalleryError extends Error {
  override readonly name = 'GalleryError'
}

/** One product; `id` is short, and the same in all versions of its gallery. */
export interface Sku {
  id: string
  name: string
  brand: string
  category: string
  own: boolean // of the user's own brand, not a competitor's
  color: string // '#RRGGBB' of its brand in charts, or empty for the one that follows from the name
}

/** The product of each facing, -1 where no match is sure enough; scores also of the refused ones. */
export interface Match {
  skuIds: Int32Array
  brandIds: Int32Array
  scores: Float32Array
}

/** What naming facings needs of a gallery. */
export interface MatcherData {
  dimensions: number
  middle: number // similarity at which a match is as likely right as wrong
  scale: number
  threshold: number
  skus: Int32Array // of each prototype
  brandIds: Int32Array // of each SKU
  prototypes: Float32Array // unit vectors
}

/** The JPEG file of an example; a gallery on a server is not loaded as a whole to name facings. */
export interface Picture {
  load(): Promise<Uint8Array<ArrayBuffer>>
}

interface Fields {
  name: string
  skus: readonly Sku[]
  exampleSkus: Int32Array // the product of each example
  dimensions: number
  embeddings: Float32Array // a unit vector of `dimensions` numbers for each example
  pictures: readonly Picture[]
  embedder: string // digest of the embedder that made the vectors; empty before the first
  threshold: number // how sure, 0 to 1, a match must be not to be "unknown"
}

/** Products and their examples; a value that does not change, methods return a new one. */
export class Gallery implements Fields {
  readonly name: string
  readonly skus: readonly Sku[]
  readonly exampleSkus: Int32Array
  readonly dimensions: number
  readonly embeddings: Float32Array
  readonly pictures: readonly Picture[]
  readonly embedder: string
  readonly threshold: number

  constructor(fields: Fields) {
    this.name = checkedText(fields.name, "gallery's name")
    this.skus = fields.skus.map(checkedSku)
    this.exampleSkus = fields.exampleSkus
    this.dimensions = fields.dimensions
    this.embeddings = fields.embeddings
    this.pictures = fields.pictures
    this.embedder = fields.embedder
    this.threshold = fields.threshold
    const count = this.pictures.length
    if (this.exampleSkus.length !== count || this.embeddings.length !== count * this.dimensions)
      throw new GalleryError(`${this.name}: it has not one product and one vector an example`)
    if (new Set(this.skus.map((sku) => sku.id)).size < this.skus.length)
      throw new GalleryError(`${this.name}: two products have the same id`)
    if (this.exampleSkus.some((sku) => !(sku >= 0 && sku < this.skus.length)))
      throw new GalleryError(`${this.name}: an example is of a product that is not in it`)
    for (let i = 0; i < count; i++)
      if (!(Math.abs(Math.hypot(...this.vector(i)) - 1) <= 0.01))
        throw new GalleryError(`${this.name}: an example's vector has not the length 1`)
    if (!(this.threshold >= 0 && this.threshold <= 1))
      throw new GalleryError(`${this.name}: the threshold must lie from 0 to 1, got ${this.threshold}`)
  }

  static empty(name: string): Gallery {
    return new Gallery({
      name,
      skus: [],
      exampleSkus: new Int32Array(0),
      dimensions: 0,
      embeddings: new Float32Array(0),
      pictures: [],
      embedder: '',
      threshold: THRESHOLD,
    })
  }

  /**
   * The gallery that the content `index` of a gallery.json describes, its pictures beside it at `base`.
   *
   * @throws GalleryError it is none, or damaged.
   */
  static fromFolder(index: unknown, base: URL): Gallery {
    return readIndex(index, (name) => ({
      load: async () => {
        const answer = await fetch(new URL(name, base))
        if (!answer.ok) throw new GalleryError(`${name}: ${answer.status}`)
        return new Uint8Array(await answer.arrayBuffer())
      },
    }))
  }

  /**
   * The gallery in a zip from anyone.
   *
   * @throws GalleryError it is none, damaged or too large.
   */
  static async fromZip(blob: Blob): Promise<Gallery> {
    let size = 0
    let files: Record<string, Uint8Array>
    try {
      files = unzipSync(new Uint8Array(await blob.arrayBuffer()), {
        filter: (file) => {
          size += file.originalSize
          if (size > LARGEST_ZIP) throw new GalleryError('the zip is too large')
          return file.name.endsWith(INDEX) || file.name.endsWith('.jpg')
        },
      })
    } catch (error) {
      throw error instanceof GalleryError ? error : new GalleryError('it is no zip, or cut short')
    }
    const path = Object.keys(files)
      .filter((name) => name === INDEX || /^[^/]+\/gallery\.json$/.test(name))
      .sort((a, b) => a.length - b.length)[0]
    if (!path) throw new GalleryError(`there is no ${INDEX} in it`)
    let index: unknown
    try {
      index = JSON.parse(strFromU8(files[path]))
    } catch (error) {
      throw new GalleryError(`${INDEX}: not a gallery, or damaged (${error})`)
    }
    const folder = path.slice(0, -INDEX.length)
    return readIndex(index, (name) => {
      const bytes = files[folder + name]
      if (!bytes) throw new GalleryError(`${INDEX}: ${name} is missing`)
      return keptPicture(new Uint8Array(bytes))
    })
  }

  /** The gallery as a zip that Python and the app read. */
  async toZip(): Promise<Blob> {
    const files: Record<string, Uint8Array> = {}
    const examples: object[] = []
    for (let i = 0; i < this.pictures.length; i++) {
      const picture = await this.pictures[i].load()
      const name = `pictures/${(await sha256(picture)).slice(0, 32)}.jpg`
      files[name] = picture
      examples.push({ sku: this.skus[this.exampleSkus[i]].id, picture: name, embedding: toBase64(this.vector(i)) })
    }
    const content = { format: FORMAT, ...this.description(), examples }
    const index = new TextEncoder().encode(JSON.stringify(content, null, 1))
    // Pictures are JPEGs, which no deflating makes smaller.
    const zip = zipSync({ [INDEX]: [index, { level: 6 }], ...files }, { level: 0 })
    return new Blob([zip as Uint8Array<ArrayBuffer>], { type: 'application/zip' })
  }

  /** Names of the brands, in order of their first product; `brandIds` counts in them. */
  get brands(): string[] {
    return [...new Set(this.skus.map((sku) => sku.brand))]
  }

  /** Names of the brands that have a product of the user's own. */
  get ownBrands(): string[] {
    return [...new Set(this.skus.filter((sku) => sku.own).map((sku) => sku.brand))]
  }

  /** The colours of the brands that somebody chose one for. */
  get chosenColors(): Record<string, string> {
    const chosen: Record<string, string> = Object.create(null) // a brand may be called "constructor"
    for (const sku of [...this.skus].reverse()) if (sku.color) chosen[sku.brand] = sku.color
    return chosen
  }

  /** {brand: '#RRGGBB'}, the same as in Python's charts of this gallery. */
  get colors(): Record<string, string> {
    return labelColors(this.brands, this.chosenColors)
  }

  /** The brand of each product. */
  get brandIds(): Int32Array {
    const numbers = new Map(this.brands.map((brand, i) => [brand, i]))
    return Int32Array.from(this.skus, (sku) => numbers.get(sku.brand)!)
  }

  /** SHA-256 over all of the content, the same as Python's. */
  async digest(): Promise<string> {
    const { name, embedder, threshold, skus } = this.description()
    const head = `{"embedder": ${pythonText(embedder)}, "name": ${pythonText(name)}, "skus": [${skus
      .map(
        (sku) =>
          `{"brand": ${pythonText(sku.brand)}, "category": ${pythonText(sku.category)}, ` +
          `"color": ${pythonText(sku.color)}, "id": ${pythonText(sku.id)}, "name": ${pythonText(sku.name)}, ` +
          `"own": ${sku.own}}`,
      )
      .join(', ')}], "threshold": ${Number.isInteger(threshold) ? threshold.toFixed(1) : threshold}}`
    const parts = [new TextEncoder().encode(head), bytesOf(this.exampleSkus), bytesOf(this.embeddings)]
    for (const picture of this.pictures)
      parts.push(Uint8Array.from((await sha256(await picture.load())).match(/../g)!, (hex) => parseInt(hex, 16)))
    return sha256(new Uint8Array(await new Blob(parts).arrayBuffer()))
  }

  /** The product called `name` of `brand`. */
  find(brand: string, name: string): Sku | undefined {
    const wanted = [checkedText(brand, 'brand'), checkedText(name, 'name')]
    return this.skus.find((sku) => sku.brand === wanted[0] && sku.name === wanted[1])
  }

  /** The vectors of the examples of the product `id`. */
  examplesOf(id: string): Float32Array {
    const index = this.indexOf(id)
    return joined(...this.pictures.flatMap((_, i) => (this.exampleSkus[i] === index ? [this.vector(i)] : [])))
  }

  /** `brand` as the gallery writes it, where it has it but for case; one name in two spellings is one brand. */
  spelled(brand: string): string {
    const wanted = checkedText(brand, 'brand')
    const same = this.brands.filter((known) => folded(known) === folded(wanted))
    return same.includes(wanted) ? wanted : (same[0] ?? wanted)
  }

  /**
   * The product of each of `embeddings`, vectors that `embedder` made.
   *
   * @throws GalleryError the examples are of another embedder.
   */
  match(embeddings: Float32Array, embedder: EmbedderDescription): Match {
    return matchFacings(embeddings, this.matcherData(embedder))
  }

  /** @throws GalleryError the examples are of another embedder. */
  matcherData(embedder: EmbedderDescription): MatcherData {
    this.require(embedder)
    const { skus, prototypes } = this.prototypes()
    return {
      dimensions: embedder.dimensions,
      middle: this.middle(embedder.middle, skus, prototypes),
      scale: embedder.scale,
      threshold: this.threshold,
      skus: Int32Array.from(skus),
      brandIds: this.brandIds,
      prototypes: Float32Array.from(prototypes.flatMap((vector) => [...vector])),
    }
  }

  /**
   * With further examples of a product, which is added if it is new: vectors of `embedder`, and what each
   * looked like as a JPEG file (empty where there is none).
   */
  teach(
    brand: string,
    name: string,
    vectors: Float32Array,
    pictures: readonly Uint8Array<ArrayBuffer>[],
    embedder: EmbedderDescription,
  ): Gallery {
    this.require(embedder)
    const count = vectors.length / embedder.dimensions
    const kept = Array.from({ length: count }, (_, i) => keptPicture(pictures[i] ?? new Uint8Array(0)))
    const known = this.find(brand, name)
    const siblings = this.skus.filter((sku) => sku.brand === brand)
    const shared = siblings.every(({ category }) => category === siblings[0].category)
    const category = (shared && siblings[0]?.category) || ''
    const own = siblings.some((sku) => sku.own)
    const sku = known ?? { id: this.newId(), name, brand, category, own, color: '' }
    const index = known ? this.skus.indexOf(known) : this.skus.length
    return this.with({
      skus: known ? this.skus : [...this.skus, sku],
      exampleSkus: Int32Array.from([...this.exampleSkus, ...kept.map(() => index)]),
      dimensions: embedder.dimensions,
      embeddings: joined(this.embeddings, vectors),
      pictures: [...this.pictures, ...kept],
      embedder: embedder.digest,
    })
  }

  /**
   * Without the examples that are one of the facings with these `vectors` but of another brand; with a `name`, of
   * another product than its one called so. A facing is what it was called last.
   */
  corrected(vectors: Float32Array, brand: string, name = ''): Gallery {
    const { examples } = this.shows(vectors, (sku) => !isOf(sku, brand, name))
    return examples.size ? this.withoutExamples(examples) : this
  }

  /**
   * The numbers of the facings with these `vectors` that are examples already, of any product or of `brand`; with a
   * `name`, of its product called so. An example that is there twice would count twice.
   */
  learnt(vectors: Float32Array, brand?: string, name = ''): ReadonlySet<number> {
    return this.shows(vectors, (sku) => brand === undefined || isOf(sku, brand, name)).facings
  }

  /** Which examples of the `wanted` products show one of the facings with these `vectors`, and which facings they show. */
  private shows(vectors: Float32Array, wanted: (sku: Sku) => boolean): { examples: Set<number>; facings: Set<number> } {
    const [examples, facings] = [new Set<number>(), new Set<number>()]
    const long = this.dimensions
    for (const example of this.pictures.keys()) {
      if (!wanted(this.skus[this.exampleSkus[example]])) continue
      for (let i = 0; i * long < vectors.length; i++) {
        if (!(dot(this.vector(example), vectors.subarray(i * long, (i + 1) * long)) > SAME_FACING)) continue
        examples.add(example)
        facings.add(i)
      }
    }
    return { examples, facings }
  }

  /** Without a product and its examples. */
  without(id: string): Gallery {
    const index = this.indexOf(id)
    const kept = this.keep((example) => this.exampleSkus[example] !== index)
    return kept.with({
      skus: this.skus.filter((sku) => sku.id !== id),
      exampleSkus: kept.exampleSkus.map((sku) => (sku > index ? sku - 1 : sku)),
    })
  }

  /** Without the examples at `numbers`; their products stay. */
  withoutExamples(numbers: Iterable<number>): Gallery {
    const gone = new Set(numbers)
    return this.keep((example) => !gone.has(example))
  }

  withSku(id: string, changes: Partial<Omit<Sku, 'id'>>): Gallery {
    const index = this.indexOf(id)
    return this.with({ skus: this.skus.map((sku, i) => (i === index ? { ...sku, ...changes } : sku)) })
  }

  /** With `changes` to all products of `brand`. */
  withBrand(brand: string, changes: Partial<Omit<Sku, 'id' | 'name'>>): Gallery {
    if (!this.brands.includes(brand)) throw new GalleryError(`${this.name}: there is no brand '${brand}'`)
    return this.with({ skus: this.skus.map((sku) => (sku.brand === brand ? { ...sku, ...changes } : sku)) })
  }

  /**
   * With another brand and name of the product `id`, whose examples go to the product that has these, if there is one.
   *
   * Two spellings are one brand: one that is known is written as the gallery has it, and the present one in another
   * case is so for all of it. A product that is called as its brand stays so, unless its name is changed as well.
   *
   * @throws GalleryError there is no such product, or it cannot be called so.
   */
  renamed(id: string, brand: string, name: string): Gallery {
    const { brand: before, name: nameBefore } = this.skus[this.indexOf(id)]
    const known = this.spelled(brand)
    const now = known === before ? brand : known
    const nameNow = name === nameBefore && name === before ? now : name
    if (known !== before) return this.moved(id, now, nameNow)
    const respelled = this.withBrand(before, { brand })
    const called = respelled.find(brand, before)
    return (called ? respelled.withSku(called.id, { name: brand }) : respelled).moved(id, brand, nameNow)
  }

  private moved(id: string, brand: string, name: string): Gallery {
    const twin = this.find(brand, name)
    return twin && twin.id !== id ? this.merged(id, twin.id) : this.withSku(id, { brand, name })
  }

  /**
   * With the examples of the product `id` given to the product `into`.
   *
   * Where both are of one brand, so are its category, colour and being own, if the other has none.
   */
  merged(id: string, into: string): Gallery {
    const [source, target] = [this.indexOf(id), this.indexOf(into)]
    if (source === target) return this
    const [gone, kept] = [this.skus[source], this.skus[target]]
    const moved = this.exampleSkus.map((sku) => (sku === source ? target : sku))
    const merged = this.with({ exampleSkus: moved }).without(id)
    if (gone.brand !== kept.brand) return merged
    return merged.withSku(into, {
      category: kept.category || gone.category,
      own: kept.own || gone.own,
      color: kept.color || gone.color,
    })
  }

  withName(name: string): Gallery {
    return this.with({ name })
  }

  /**
   * The same gallery with the vectors of `embedder`, made anew from its pictures where others are there.
   *
   * Examples are left out whose picture cannot be opened: `embed` gives `null` for those.
   */
  async embeddedBy(
    embedder: EmbedderDescription,
    embed: (picture: Uint8Array<ArrayBuffer>) => Promise<Float32Array | null>,
  ): Promise<Gallery> {
    if (this.embedder === embedder.digest) return this
    const vectors: Float32Array[] = []
    const opened = new Set<number>()
    for (const [i, picture] of this.pictures.entries()) {
      const vector = await embed(await picture.load())
      if (!vector) continue
      vectors.push(vector)
      opened.add(i)
    }
    return this.keep((example) => opened.has(example)).with({
      embeddings: joined(...vectors),
      dimensions: embedder.dimensions,
      embedder: embedder.digest,
    })
  }

  private with(changes: Partial<Fields>): Gallery {
    const { name, skus, exampleSkus, dimensions, embeddings, pictures, embedder, threshold } = this
    return new Gallery({
      ...{ name, skus, exampleSkus, dimensions, embeddings, pictures, embedder, threshold },
      ...changes,
    })
  }

  private keep(wanted: (example: number) => boolean): Gallery {
    const kept = this.pictures.map((_, i) => i).filter(wanted)
    return this.with({
      exampleSkus: Int32Array.from(kept, (i) => this.exampleSkus[i]),
      embeddings: joined(...kept.map((i) => this.vector(i))),
      pictures: kept.map((i) => this.pictures[i]),
    })
  }

  private vector(example: number): Float32Array {
    return this.embeddings.subarray(example * this.dimensions, (example + 1) * this.dimensions)
  }

  private require(embedder: EmbedderDescription): void {
    if (this.embedder && this.embedder !== embedder.digest)
      throw new GalleryError(`${this.name}: its examples were embedded by another network`)
  }

  private indexOf(id: string): number {
    const index = this.skus.findIndex((sku) => sku.id === id)
    if (index < 0) throw new GalleryError(`${this.name}: there is no product '${id}'`)
    return index
  }

  private newId(): string {
    const numbers = this.skus.flatMap((sku) => /^sku-(\d{1,9})$/.exec(sku.id)?.[1] ?? []).map(Number)
    return `sku-${Math.max(0, ...numbers) + 1}`
  }

  private description(): { name: string; embedder: string; threshold: number; skus: readonly Sku[] } {
    const { name, embedder, threshold, skus } = this
    return { name, embedder, threshold, skus }
  }

  /** The examples of each product added up. */
  private sums(): Float32Array[] {
    const sums = this.skus.map(() => new Float32Array(this.dimensions))
    this.exampleSkus.forEach((sku, i) => {
      const vector = this.vector(i)
      for (let k = 0; k < vector.length; k++) sums[sku][k] += vector[k]
    })
    return sums
  }

  /** The mean example, of length 1, of each product that has one. */
  private prototypes(): { skus: number[]; prototypes: Float32Array[] } {
    const sums = this.sums()
    const skus = [...new Set(this.exampleSkus)].sort((a, b) => a - b)
    return { skus, prototypes: skus.map((sku) => toUnit(sums[sku])) }
  }

  /**
   * The similarity from which a match is more likely right than wrong in this gallery.
   *
   * Half-way from the lower quartile of how alike a product's examples are to the upper quartile of how
   * alike they are to other brands. The fewer examples and brands, the more counts `prior`, the embedder's. Of
   * more than `SAMPLE` examples evenly spaced ones are taken (Python draws by chance: quartiles differ by little).
   */
  private middle(prior: number, skus: number[], prototypes: Float32Array[]): number {
    const brands = this.brandIds
    const different = new Set(skus.map((sku) => brands[sku])).size
    if (different < 2) return prior
    const sums = this.sums()
    const counts = new Int32Array(this.skus.length)
    for (const sku of this.exampleSkus) counts[sku]++
    const own: number[] = []
    const others: number[] = []
    const size = Math.min(this.pictures.length, SAMPLE)
    for (let s = 0; s < size; s++) {
      const i = Math.floor((s * this.pictures.length) / size)
      const sku = this.exampleSkus[i]
      const vector = this.vector(i)
      const rest = sums[sku].map((value, k) => value - vector[k]) // without the example itself
      if (counts[sku] > 1) own.push(dot(toUnit(rest), vector))
      let nearest = -1
      prototypes.forEach((prototype, k) => {
        if (brands[skus[k]] !== brands[sku]) nearest = Math.max(nearest, dot(vector, prototype))
      })
      others.push(nearest)
    }
    if (!own.length) return prior
    const middle = (quantile(own, 0.25) + quantile(others, 0.75)) / 2
    const weight = (own.length / (own.length + PRIOR)) * Math.min(1, (different - 1) / (MANY_BRANDS - 1))
    return weight * middle + (1 - weight) * prior
  }
}

/** `text` without case, as Python folds it: by its capitals "Weiß" is "WEISS". */
function folded(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase()
}

/** Whether a product is of `brand` and, unless `name` is empty, called so. */
function isOf(sku: Sku, brand: string, name: string): boolean {
  return sku.brand === brand && (name === '' || sku.name === name)
}

/** The product of each of `embeddings`: of the most alike prototype, if that is sure enough. */
export function matchFacings(embeddings: Float32Array, data: MatcherData): Match {
  const { dimensions, middle, scale, threshold, skus, brandIds, prototypes } = data
  const count = dimensions ? embeddings.length / dimensions : 0
  const match: Match = {
    skuIds: new Int32Array(count).fill(-1),
    brandIds: new Int32Array(count).fill(-1),
    scores: new Float32Array(count),
  }
  if (!skus.length) return match
  for (let i = 0; i < count; i++) {
    let best = 0
    let most = -Infinity
    for (let p = 0; p < skus.length; p++) {
      let sum = 0
      for (let k = 0; k < dimensions; k++) sum += embeddings[i * dimensions + k] * prototypes[p * dimensions + k]
      if (sum > most) [best, most] = [p, sum]
    }
    match.scores[i] = 1 / (1 + Math.exp(-scale * (most - middle)))
    if (match.scores[i] < threshold) continue
    match.skuIds[i] = skus[best]
    match.brandIds[i] = brandIds[skus[best]]
  }
  return match
}

function readIndex(index: unknown, picture: (name: string) => Picture): Gallery {
  try {
    const content = index as Record<string, unknown>
    if (content.format !== FORMAT) throw new Error('its format is unknown; was a newer skushare used?')
    const skus = (content.skus as Sku[]).map((sku) => {
      for (const key of ['id', 'name', 'brand', 'category', 'color'] as const)
        if (typeof (sku[key] ?? '') !== 'string') throw new Error(`a product's ${key} is of the wrong kind`)
      const { id, name, brand, category = '', own = false, color = '' } = sku
      return { id, name, brand, category, own: own === true, color }
    })
    const numbers = new Map(skus.map((sku, i) => [sku.id, i]))
    const examples = content.examples as { sku: string; picture: string; embedding: string }[]
    const vectors = examples.map((example) => fromBase64(example.embedding))
    const dimensions = vectors[0]?.length ?? 0
    if (vectors.some((vector) => vector.length !== dimensions)) throw new Error('its embeddings differ in length')
    return new Gallery({
      name: String(content.name),
      skus,
      exampleSkus: Int32Array.from(examples, (example) => numbers.get(example.sku) ?? -1),
      dimensions,
      embeddings: joined(...vectors),
      pictures: examples.map((example) => {
        if (!/^pictures\/[^/\\]+\.jpe?g$/i.test(example.picture)) throw new Error(`${example.picture} is no picture of it`)
        return picture(example.picture)
      }),
      embedder: String(content.embedder).slice(0, 64),
      threshold: Number(content.threshold),
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new GalleryError(`${INDEX}: not a gallery, or damaged (${reason}); export it again`)
  }
}

function keptPicture(bytes: Uint8Array<ArrayBuffer>): Picture {
  return { load: () => Promise.resolve(bytes) }
}

function checkedSku(sku: Sku): Sku {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(sku.id)) throw new GalleryError(`'${sku.id}' cannot be a SKU's id`)
  if (sku.color && !/^#[0-9A-Fa-f]{6}$/.test(sku.color))
    throw new GalleryError(`'${sku.color}' is no colour; write it as #RRGGBB`)
  return {
    ...sku,
    name: checkedText(sku.name, 'name'),
    brand: checkedText(sku.brand, 'brand'),
    category: checkedText(sku.category, 'category', true),
  }
}

/** `text` as `tidyName` gives it; `GalleryError` if there is nothing to see of it, or too much. */
function checkedText(text: string, what: string, mayBeEmpty = false): string {
  const clean = tidyName(text)
  if (!/[^\p{C}\p{Z}]| /u.test(clean) && !mayBeEmpty) throw new GalleryError(`the ${what} is empty; write one`)
  if ([...clean].length > LONGEST_NAME)
    throw new GalleryError(`the ${what} is longer than ${LONGEST_NAME} characters; shorten it`)
  return clean
}

/** `text` as Python's JSON writes it: nothing but ASCII. */
function pythonText(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function bytesOf(values: Int32Array | Float32Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.slice().buffer as ArrayBuffer) // every machine that browsers run on is little-endian
}

function toBase64(vector: Float32Array): string {
  return btoa(String.fromCharCode(...bytesOf(vector)))
}

function fromBase64(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0))
  return new Float32Array(bytes.buffer)
}

function joined(...parts: Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
