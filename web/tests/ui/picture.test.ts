import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { examplePicture, readPicture, toJpeg } from '../../src/ui/picture'

/** A canvas whose file is the shade of its pixels; what is drawn is transparent. */
class Canvas {
  private shade = 'black' // what JPEG makes of no colour
  constructor(
    readonly width: number,
    readonly height: number,
  ) {}
  getContext() {
    const context = {
      fillStyle: '',
      fillRect: (...area: number[]) => {
        if (area.join() === [0, 0, this.width, this.height].join()) this.shade = context.fillStyle
      },
      drawImage: () => {},
    }
    return context
  }
  async convertToBlob() {
    return new Blob([this.shade])
  }
}

beforeEach(() => vi.stubGlobal('OffscreenCanvas', Canvas))
afterEach(() => vi.unstubAllGlobals())

test('what is transparent is white in the JPEG files that are kept, as it was counted', async () => {
  const picture = { width: 300, height: 200 } as ImageBitmap
  expect(await (await toJpeg(picture)).text()).toBe('#ffffff')
  expect(new TextDecoder().decode(await examplePicture(picture, [10, 10, 60, 90]))).toBe('#ffffff')
})

test('a photo is read where the browser turns it upright unasked and does not know the word for it, as Safari 16', async () => {
  vi.stubGlobal('createImageBitmap', async (_: unknown, options: { imageOrientation?: string } = {}) => {
    if (options.imageOrientation === 'from-image') throw new TypeError('Type error')
    return { width: 100, height: 80 }
  })
  expect(await readPicture(new Blob(['jpeg']))).toEqual({ width: 100, height: 80 })
})

test.each([
  ['refuses it', () => Promise.reject(new DOMException('The source image could not be decoded.', 'InvalidStateError'))],
  ['makes one pixel of it, as Safari', async () => ({ width: 1, height: 1 })],
])('a photo that the browser has no memory for and %s is opened smaller', async (_, whole) => {
  vi.stubGlobal('createImageBitmap', async (_: unknown, { resizeWidth }: ImageBitmapOptions = {}) =>
    resizeWidth ? { width: resizeWidth, height: Math.ceil((4 / 3) * resizeWidth) } : whole(),
  )
  const { width, height } = await readPicture(new Blob(['jpeg']))
  expect(width * height).toBeGreaterThan(15e6) // and was not made smaller once more:
  expect(width * height).toBeLessThanOrEqual(16e6)
})

test.each([
  ['what is no picture', new Blob(['text']), 'unreadable'],
  ['what is empty', new Blob([]), 'unreadable'],
  ['a JPEG that is cut short', new Blob([Uint8Array.of(0xff, 0xd8, 0xff, 0xe0)]), 'damaged'],
])('%s is told as such', async (_, file, code) => {
  vi.stubGlobal('createImageBitmap', async () => {
    throw new DOMException('no image', 'InvalidStateError')
  })
  await expect(readPicture(file)).rejects.toMatchObject({ code })
})
