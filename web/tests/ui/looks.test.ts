import { expect, test, vi } from 'vitest'
import { makeDetections } from '../../src/core'
import type { Auditor, EmbedderDescription } from '../../src/core'
import { LiveLooks } from '../../src/ui/looks'

const EMBEDDER: EmbedderDescription = {
  tfjs: '', digest: 'e', size: 8, dimensions: 2, scale: 20, middle: 0.8, likeness: 0.8, input: '', output: '',
} // prettier-ignore

test('facings are embedded from the first frame on, though none is alike', async () => {
  const setGallery = vi.fn(async () => {})
  const auditor = { setGallery, embed: async () => Float32Array.of(1, 0, 0, 1) } as unknown as Auditor
  const looks = new LiveLooks(EMBEDDER)
  const found = makeDetections([0, 0, 9, 9, 10, 0, 19, 9], [0.9, 0.9])
  for (let frame = 0; frame < 2; frame++) expect(await looks.learn(auditor, {} as ImageBitmap, found, () => true)).toBe(false)
  expect(setGallery).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ skus: [] }))
})
