import type { EmbedderDescription } from './config'

export interface Sku {
  id: string
  name: string
  brand: string
  category: string
  own: boolean
  color: string // '#RRGGBB', or empty for the one that follows from the brand's name
}

export interface Match {
  skuIds: Int32Array // -1 where no match is sure enough
  brandIds: Int32Array
  scores: Float32Array
}

/** What the worker needs of a gallery to name facings. */
export interface MatcherData {
  dimensions: number
  middle: number
  scale: number
  threshold: number
  skus: Int32Array // of each prototype
  brandIds: Int32Array // of each SKU
  prototypes: Float32Array
}

/** A JPEG file of an example; loaded when it is needed. */
export interface Picture {
  name: string
  load(): Promise<Uint8Array<ArrayBuffer>>
}

export declare class GalleryError extends Error {}

/** A value that does not change: methods return a new one. */
export declare class Gallery {
  readonly name: string
  readonly skus: readonly Sku[]
  readonly exampleSkus: Int32Array
  readonly dimensions: number
  readonly embeddings: Float32Array
  readonly pictures: readonly Picture[]
  readonly embedder: string
  readonly threshold: number
  static empty(name: string): Gallery
  static fromFolder(index: unknown, base: URL): Gallery
  static fromZip(blob: Blob): Promise<Gallery>
  toZip(): Promise<Blob>
  get brands(): string[]
  get ownBrands(): string[]
  get colors(): Record<string, string>
  get brandIds(): Int32Array
  digest(): Promise<string>
  match(embeddings: Float32Array, embedder: EmbedderDescription): Match
  matcherData(embedder: EmbedderDescription): MatcherData
  find(brand: string, name: string): Sku | undefined
  /** With further examples of the product, which is added if it is new. */
  teach(brand: string, name: string, vectors: Float32Array, pictures: Uint8Array<ArrayBuffer>[], embedder: EmbedderDescription): Gallery
  without(id: string): Gallery
  withoutExamples(numbers: Iterable<number>): Gallery
  withSku(id: string, changes: Partial<Omit<Sku, 'id'>>): Gallery
  withBrand(brand: string, changes: Partial<Omit<Sku, 'id' | 'name'>>): Gallery
  merged(id: string, into: string): Gallery
  withName(name: string): Gallery
  /** Embedded by this bundle's network, from its pictures, where another made its vectors. */
  embeddedBy(embedder: EmbedderDescription, embed: (picture: Uint8Array<ArrayBuffer>) => Promise<Float32Array>): Promise<Gallery>
}
