/** Pictures: from files, as bitmaps that the browser can hold, and back to JPEG. */

import type { Quad } from '../core'

const MOST_PIXELS = 16e6 // a canvas of more fails on phones
const SMALLER_WIDTH = 3463 // pixels; with four by three of them, upright, it has no more than MOST_PIXELS
const LARGEST_FILE = 64e6 // bytes, above any camera's JPEG
const EXAMPLE_SIDE = 160 // of a taught facing's picture, as PICTURE_SIDE in Python

/** A file is no picture that can be counted; `code` names the text for the user. */
export class PictureError extends Error {
  override readonly name = 'PictureError'
  constructor(readonly code: 'unreadable' | 'damaged' | 'tooLarge' | 'memory') {
    super(code)
  }
}

/** The picture in `file`, upright; made smaller where it has more pixels than a phone can draw. */
export async function readPicture(file: Blob): Promise<ImageBitmap> {
  if (file.size > LARGEST_FILE) throw new PictureError('tooLarge')
  // What a device has no memory for as it is, it may open as a smaller one.
  const bitmap = (await opened(file)) ?? (await opened(file, { resizeWidth: SMALLER_WIDTH, resizeQuality: 'high' }))
  if (!bitmap) throw new PictureError((await beginsAsJpeg(file)) ? 'damaged' : 'unreadable')
  const pixels = bitmap.width * bitmap.height
  if (pixels <= MOST_PIXELS) return bitmap
  const scale = Math.sqrt(MOST_PIXELS / pixels)
  try {
    return await createImageBitmap(bitmap, {
      resizeWidth: Math.floor(bitmap.width * scale),
      resizeHeight: Math.floor(bitmap.height * scale),
      resizeQuality: 'high',
    })
  } catch {
    throw new PictureError('memory')
  } finally {
    bitmap.close()
  }
}

async function beginsAsJpeg(file: Blob): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer().catch(() => new ArrayBuffer(0)))
  return head[0] === 0xff && head[1] === 0xd8
}

/** `null` where it cannot be opened, for whichever reason: browsers do not tell. */
async function opened(file: Blob, options: ImageBitmapOptions = {}): Promise<ImageBitmap | null> {
  try {
    const bitmap = await upright(file, options)
    return bitmap.width > 1 || bitmap.height > 1 ? bitmap : null // one pixel is what Safari makes without memory
  } catch {
    return null
  }
}

async function upright(file: Blob, options: ImageBitmapOptions): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { ...options, imageOrientation: 'from-image' })
  } catch (error) {
    // Safari 16 does so unasked and does not know the word.
    if (error instanceof TypeError) return createImageBitmap(file, options)
    throw error
  }
}

/** A white canvas of this size, as Python lays transparent pictures on, with a context to draw on. */
export function makeCanvas(width: number, height: number): [OffscreenCanvas, OffscreenCanvasRenderingContext2D] {
  const canvas = new OffscreenCanvas(Math.max(1, width), Math.max(1, height))
  const context = canvas.getContext('2d')
  if (!context) throw new PictureError('memory')
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, canvas.width, canvas.height)
  return [canvas, context]
}

/** `picture` as a JPEG file. */
export async function toJpeg(picture: ImageBitmap, quality = 0.9): Promise<Blob> {
  const [canvas, context] = makeCanvas(picture.width, picture.height)
  context.drawImage(picture, 0, 0)
  return canvas.convertToBlob({ type: 'image/jpeg', quality })
}

/** The facing in `box` as the small JPEG file that a gallery keeps. */
export async function examplePicture(picture: ImageBitmap, box: Quad): Promise<Uint8Array<ArrayBuffer>> {
  const left = Math.min(Math.max(Math.floor(box[0]), 0), picture.width - 1)
  const top = Math.min(Math.max(Math.floor(box[1]), 0), picture.height - 1)
  const width = Math.max(1, Math.min(Math.ceil(box[2]), picture.width) - left)
  const height = Math.max(1, Math.min(Math.ceil(box[3]), picture.height) - top)
  const scale = Math.min(1, EXAMPLE_SIDE / Math.max(width, height))
  const [canvas, context] = makeCanvas(Math.round(width * scale), Math.round(height * scale))
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture, left, top, width, height, 0, 0, canvas.width, canvas.height)
  const file = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 })
  return new Uint8Array(await file.arrayBuffer())
}
