import { readFileSync } from 'node:fs'

import { afterEach, describe, expect, test, vi } from 'vitest'

import { chooseProbe } from '../../src/core/auditor'
import { type Bundle, BundleError, loadBundle, loadFile } from '../../src/core/bundle'
import { sha256 } from '../../src/core/sha256'
import { withShape } from '../../src/core/tflite'
import { ROOT, vectors } from './vectors'

const { config } = vectors('photos')
const description = {
  format: 'skushare bundle 1',
  detector: { tfjs: 'model/model.json', config },
  embedder: null,
  files: {},
}
const ADDRESS = new URL('https://shop.example/audits/bundle.json')

function serve(files: Record<string, string | number>): void {
  vi.stubGlobal('fetch', async (address: URL) => {
    const content = files[address.href]
    if (content === undefined) return new Response('', { status: 404 })
    if (typeof content === 'number') return new Response('', { status: content })
    return new Response(content)
  })
}

afterEach(() => vi.unstubAllGlobals())

describe('a bundle', () => {
  test('is read from any address, its files beside it', async () => {
    serve({ [ADDRESS.href]: JSON.stringify(description) })
    const bundle = await loadBundle(ADDRESS)
    expect(bundle.base.href).toBe('https://shop.example/audits/')
    expect(bundle.description.detector.config.labels).toEqual(['facing'])
  })

  test.each([
    ['missing', {}],
    ['network', { [ADDRESS.href]: 500 }],
    ['format', { [ADDRESS.href]: '<html>' }],
    ['format', { [ADDRESS.href]: JSON.stringify({ ...description, format: 'skushare bundle 9' }) }],
    ['format', { [ADDRESS.href]: JSON.stringify({ ...description, detector: {} }) }],
    ['format', { [ADDRESS.href]: JSON.stringify({ ...description, files: null }) }],
    ['format', { [ADDRESS.href]: 'null' }],
  ])('that is %s says so', async (code, files) => {
    serve(files as Record<string, string | number>)
    await expect(loadBundle(ADDRESS)).rejects.toMatchObject({ name: 'BundleError', code, file: 'bundle.json' })
  })

  test('without a network says so', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')))
    await expect(loadBundle(ADDRESS)).rejects.toMatchObject({ code: 'network' })
  })
})

describe('a file of a bundle', () => {
  const bundleOf = async (content: string): Promise<Bundle> => ({
    base: new URL('https://shop.example/audits/'),
    description: {
      ...description,
      files: { 'model/a.bin': { sha256: await sha256(new TextEncoder().encode(content)), bytes: content.length } },
    } as unknown as Bundle['description'],
  })

  test('is given as it was exported', async () => {
    serve({ 'https://shop.example/audits/model/a.bin': 'weights' })
    const bytes = await loadFile(await bundleOf('weights'), 'model/a.bin')
    expect(new TextDecoder().decode(bytes)).toBe('weights')
  })

  test('tells of its bytes as they come', async () => {
    serve({ 'https://shop.example/audits/model/a.bin': 'weights' })
    const told: number[][] = []
    const bundle = { ...(await bundleOf('weights')), onBytes: (...each: number[]) => void told.push(each) }
    expect(new TextDecoder().decode(await loadFile(bundle, 'model/a.bin'))).toBe('weights')
    expect(told[0]).toEqual([0, 7]) // what is to come is known before any of it has
    expect(told.slice(1).reduce((sum, [came, wanted]) => sum + came + wanted, 0)).toBe(7)
  })

  test('that was changed is refused by its digest', async () => {
    serve({ 'https://shop.example/audits/model/a.bin': 'weighty' })
    await expect(loadFile(await bundleOf('weights'), 'model/a.bin')).rejects.toThrow(BundleError)
    await expect(loadFile(await bundleOf('weights'), 'model/a.bin')).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('that is missing, or was never listed', async () => {
    serve({})
    await expect(loadFile(await bundleOf('x'), 'model/a.bin')).rejects.toMatchObject({ code: 'missing' })
    await expect(loadFile(await bundleOf('x'), 'model/b.bin')).rejects.toMatchObject({ code: 'format' })
  })

  test('is checked by plain HTTP too, where the browser has no digest', async () => {
    const bytes = new TextEncoder().encode('weights')
    const expected = await sha256(bytes)
    vi.stubGlobal('crypto', {})
    expect(await sha256(bytes)).toBe(expected)
  })
})

describe('a LiteRT model for an input size', () => {
  const model = new Uint8Array(readFileSync(new URL('models/shelf_dense/model.tflite', ROOT)))

  test('differs from the file in a few numbers alone', () => {
    const shaped = withShape(model, [1, 384, 640, 3], (last) => [1, 5040, last])
    expect(shaped.length).toBe(model.length)
    let changed = 0
    for (let i = 0; i < model.length; i++) if (shaped[i] !== model[i]) changed++
    expect(changed).toBeGreaterThan(0)
    expect(changed).toBeLessThan(80)
    const same = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(b)
    expect(same(withShape(shaped, [1, 384, 640, 3], (last) => [1, 5040, last]), shaped)).toBe(true)
    const small = (from: Uint8Array) => withShape(from, [1, 96, 96, 3], (last) => [1, 189, last])
    expect(same(small(shaped), small(model))).toBe(true)
  })

  test('of another kind or rank is refused', () => {
    expect(() => withShape(new Uint8Array(64), [1, 32, 32, 3], () => [1])).toThrow(RangeError)
    expect(() => withShape(model, [32, 32], (last) => [1, 21, last])).toThrow(RangeError)
  })
})

test('the engine is chosen by what was measured', () => {
  const probe = (engine: 'wasm' | 'webgl' | 'litert', size: number, ms: number) => ({ engine, size, ms })
  expect(chooseProbe([])).toBeNull()
  expect(chooseProbe([probe('wasm', 640, 900), probe('wasm', 320, 300), probe('webgl', 640, 400)])).toMatchObject({
    size: 320,
    engine: 'wasm',
  })
  const fast = [probe('wasm', 640, 300), probe('wasm', 320, 45), probe('litert', 640, 55), probe('webgl', 640, 20)]
  expect(chooseProbe(fast)).toMatchObject({ engine: 'webgl', size: 640 })
  expect(chooseProbe(fast.slice(0, 3))).toMatchObject({ engine: 'litert', size: 640 })
})
