import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Gallery } from '../../src/core'
import type { EmbedderDescription } from '../../src/core'
import type { Facing } from '../../src/ui/audit'
import * as session from '../../src/ui/session'
import { StoreError } from '../../src/ui/store'
import { beginGallery, teachFacings, teachLike } from '../../src/ui/teaching'
import { makeFacings } from './make'

// Of the session only what teaching needs: all of it needs a page and a model.
vi.mock('../../src/ui/session', async () => {
  const { signal } = await import('@preact/signals')
  const { Gallery } = await import('../../src/core')
  return { auditor: signal(null), embedder: signal(null), galleryToTeach: async (name: string) => Gallery.empty(name), keepGallery: vi.fn(), reason: String, tell: vi.fn() }
})
vi.mock('../../src/ui/picture', () => ({ examplePicture: async (_: unknown, box: number[]) => Uint8Array.from(box.map((edge) => edge / 10)) }))

const EMBEDDER: EmbedderDescription = {
  tfjs: '', digest: 'e', size: 8, dimensions: 2, scale: 20, middle: 0.8, likeness: 0.8, input: '', output: '',
} // prettier-ignore
const embed = vi.fn(async () => Float32Array.of(0, 1))
const picture = {} as ImageBitmap
let known: Gallery

beforeEach(() => {
  known = Gallery.empty('mine')
  session.auditor.value = { embed } as unknown as typeof session.auditor.value
  Object.assign(session.embedder, { value: EMBEDDER })
  vi.mocked(session.keepGallery).mockImplementation(async (change) => void (known = await change(known)))
  vi.stubGlobal('createImageBitmap', async () => picture)
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.clearAllMocks()
})

describe('one facing teaches those of its name that look like it', () => {
  const facings = makeFacings('look A', 'look A', 'look A', 'look B', 'look A')
  const vectors = Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0, 0, 1)
  const removed = (...gone: number[]): (Facing | null)[] => facings.map((facing, i) => (gone.includes(i) ? null : facing))
  const taught = async (there: (Facing | null)[]): Promise<number> => {
    await teachLike(picture, there, vectors, 0, 'Acme')
    return known.pictures.length
  }

  test('and no others', async () => expect(await taught(facings)).toBe(3))
  test('without the removed ones', async () => expect(await taught(removed(1))).toBe(2))
  test('and none where it is removed itself', async () => expect(await taught(removed(0))).toBe(0))
})

test('a facing of a low score is embedded when it is taught, and alone', async () => {
  await teachLike(picture, makeFacings('', '', ''), Float32Array.of(0, 0, 0, 0, 1, 0), 0, 'Acme')
  expect(embed).toHaveBeenCalledWith(picture, Float32Array.from(makeFacings('')[0].box))
  expect(known.pictures).toHaveLength(1)
  expect([...known.embeddings]).toEqual([0, 1])
})

test('another spelling of a brand is the brand', async () => {
  for (const brand of ['West', ' west ', 'WEST'])
    expect(await teachLike(picture, makeFacings('look A'), Float32Array.of(1, 0), 0, brand)).toBe('West')
  expect(known.brands).toEqual(['West'])
  expect(session.tell).toHaveBeenLastCalledWith('success', expect.stringContaining('West'))
})

test.each(['', 'Box'])('a facing that is an example already is none once more, of the product %j', async (product) => {
  const boxes = makeFacings('', '').map((facing) => facing.box)
  for (const vectors of [[1, 0, 0.8, 0.6], [1, 0, 0.6, 0.8], [0.6, 0.8, 0.8, 0.6]])
    expect(await teachFacings(picture, boxes, Float32Array.from(vectors), 'Acme', product)).toBe('Acme')
  expect([...known.embeddings]).toEqual([...Float32Array.of(1, 0, 0.8, 0.6, 0.6, 0.8)])
  const told = vi.mocked(session.tell).mock.calls.map(([, text]) => text)
  expect(told).toEqual(['Acme: 2 facings taught.', 'Acme: 1 facing taught.', 'Acme: these 2 facings are examples already.'])
})

describe('an unlike look of a brand', () => {
  const boxes = makeFacings('').map((facing) => facing.box)
  const names = async (teach: (x: number, y: number) => Promise<unknown>): Promise<string[]> => {
    for (const [x, y] of [[1, 0], [0, 1]]) await teach(x, y)
    return known.skus.map((sku) => sku.name)
  }

  test('is a further product, so that both are known', async () => {
    expect(await names((x, y) => teachFacings(picture, boxes, Float32Array.of(x, y), 'Acme', ''))).toEqual(['Acme', 'Acme 2'])
    expect([...known.match(known.embeddings, EMBEDDER).skuIds]).toEqual([0, 1])
  })
  test('also where one facing is taught', async () =>
    expect(await names((x, y) => teachLike(picture, makeFacings(''), Float32Array.of(x, y), 0, 'Acme'))).toEqual(['Acme', 'Acme 2']))
  test('is of the product that is named', async () =>
    expect(await names((x, y) => teachFacings(picture, boxes, Float32Array.of(x, y), 'Acme', 'Acme'))).toEqual(['Acme']))
})

describe.each([
  ['a new gallery', 'The gallery stays as it was', () => beginGallery('Mine')],
  ['what is taught', 'Not taught', async () => (await teachFacings(picture, [makeFacings('')[0].box], Float32Array.of(1, 0), 'Acme', '')) === 'Acme'],
])('%s', (_, refused, work) => {
  test.each([
    ['is in use also where it cannot be saved', new StoreError(false, 'denied'), true, 'for this visit, but is not saved'],
    ['is not where something else went wrong', new Error('no'), false, refused],
  ])('%s', async (_, error, held, told) => {
    vi.mocked(session.keepGallery).mockRejectedValueOnce(error)
    expect(await work()).toBe(held)
    expect(session.tell).toHaveBeenCalledExactlyOnceWith('error', expect.stringContaining(told))
  })
})
