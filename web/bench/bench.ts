/** Runs the core, and what it is compared with, for a script that drives the browser. */

import '@tensorflow/tfjs-backend-webgl'

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter'
import { browser, cast, dispose, env, expandDims, ready, setBackend, type Tensor, tidy } from '@tensorflow/tfjs-core'

import { Auditor, chooseProbe, type Engine, Gallery, loadBundle, loadFile, type Notice } from '../src/core'

const frames = new Map<string, HTMLCanvasElement>()
const auditors = new Map<string, Auditor>()
const graphs = new Map<string, GraphModel>()
const notices: Notice[] = []

const pictures = new Map<string, ImageBitmap>()

/**
 * Draw the picture at `address`, `width` x `height` pixels of it from (x, y) on, or all of it in that size; an
 * empty address gives plain grey.
 */
async function frame(
  name: string,
  address: string,
  width?: number,
  height?: number,
  x?: number,
  y?: number,
): Promise<void> {
  if (address && !pictures.has(address)) {
    const blob = await (await fetch(address)).blob()
    pictures.set(address, await createImageBitmap(blob, { colorSpaceConversion: 'none' }))
  }
  const picture = pictures.get(address)
  const canvas = frames.get(name) ?? document.createElement('canvas')
  canvas.width = width ?? picture!.width
  canvas.height = height ?? picture!.height
  const context = canvas.getContext('2d')!
  context.fillStyle = '#808080'
  context.fillRect(0, 0, canvas.width, canvas.height)
  if (picture && x !== undefined) context.drawImage(picture, -x, -(y ?? 0))
  else if (picture) context.drawImage(picture, 0, 0, canvas.width, canvas.height)
  frames.set(name, canvas)
}

function bitmap(name: string): Promise<ImageBitmap> {
  return createImageBitmap(frames.get(name)!)
}

/** Start an auditor; with its gallery where the bundle has one and `gallery` is wanted. */
async function start(name: string, address: string, engine?: Engine, size?: number, gallery = false): Promise<object> {
  const bundle = await loadBundle(new URL(address, location.href))
  const auditor = await Auditor.start(bundle, { engine, size, onNotice: (notice) => notices.push(notice) })
  auditors.get(name)?.stop()
  auditors.set(name, auditor)
  if (gallery && bundle.description.gallery) {
    const { gallery: path } = bundle.description
    const index = JSON.parse(new TextDecoder().decode(await loadFile(bundle, path)))
    await auditor.setGallery(Gallery.fromFolder(index, new URL(path, bundle.base)))
  }
  return { engine: auditor.engine, size: auditor.size }
}

/** What an auditor finds in a frame: as plain numbers, with the milliseconds it took. */
async function find(name: string, picture: string, mode: 'live' | 'photo', options: object = {}): Promise<object> {
  const auditor = auditors.get(name)!
  const started = performance.now()
  const wanted = { brands: false, sweep: false, ...options }
  const source = await bitmap(picture)
  const found = await (mode === 'live' ? auditor.offer(source, wanted) : auditor.detect(source, wanted))
  const ms = performance.now() - started
  if (!found) return { dropped: true, ms }
  const { detections, timings, sweep } = found
  return {
    ms,
    timings,
    boxes: [...detections.boxes],
    scores: [...detections.scores],
    rows: [...detections.rowIds!],
    brands: detections.brandIds && [...detections.brandIds],
    brandScores: detections.brandScores && [...detections.brandScores],
    sweep: sweep && { unique: sweep.unique, lost: sweep.lost },
  }
}

/** Load the article's graph for use on the page's own thread, as its app does. */
async function loadArticle(name: string, address: string, backend: 'wasm' | 'webgl'): Promise<void> {
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threaded,
  })
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', globalThis.crossOriginIsolated)
  await setBackend(backend)
  await ready()
  graphs.set(name, await loadGraphModel(address))
}

/**
 * One frame by the article's procedure: the frame as an int32 tensor, the whole graph (resize, network,
 * decode, NMS) by `executeAsync`, then boxes, classes and scores read back. Milliseconds.
 */
async function article(name: string, picture: string): Promise<number> {
  const started = performance.now()
  const input = tidy(() => expandDims(cast(browser.fromPixels(frames.get(picture)!), 'int32')))
  const model = graphs.get(name)!
  const outputs = (await model.executeAsync(input)) as Tensor[]
  for (const output of outputs.filter(({ shape }) => shape.length < 3 || shape[1]! <= 100)) await output.array()
  dispose([input, ...outputs])
  return performance.now() - started
}

/** One frame from canvas to boxes by an auditor. Milliseconds. */
async function ours(name: string, picture: string): Promise<number> {
  const found = (await find(name, picture, 'live')) as { ms: number }
  return found.ms
}

/** `count` live frames, the pictures in turn; how many facings were found in all, and what memory then held. */
async function many(name: string, pictures: string[], count: number): Promise<object> {
  const auditor = auditors.get(name)!
  let facings = 0
  let empty = 0
  for (let i = 0; i < count; i++) {
    const source = await bitmap(pictures[i % pictures.length])
    // Names now and then: they take most of the time, and leak no less in fifty frames than in a thousand.
    const found = await auditor.offer(source, { brands: i % 20 === 0, sweep: true })
    facings += found!.detections.count
    if (!found!.detections.count) empty++
  }
  return { facings, empty, ...(await auditor.memory()) }
}

Object.assign(globalThis, {
  bench: {
    frame,
    start,
    find,
    loadArticle,
    article,
    ours,
    many,
    notices,
    memory: (name: string) => auditors.get(name)!.memory(),
    probe: (name: string) => auditors.get(name)!.probe(),
    use: (name: string, engine: Engine, size?: number) => auditors.get(name)!.use(engine, size),
    stop: (name: string) => auditors.get(name)!.stop(),
    resetSweep: (name: string) => auditors.get(name)!.resetSweep(),
    choose: chooseProbe,
    isolated: () => globalThis.crossOriginIsolated,
    agent: () => navigator.userAgent,
  },
})
