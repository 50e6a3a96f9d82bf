import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { examplePicture, toJpeg } from '../../src/ui/picture'

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
