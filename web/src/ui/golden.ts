/** The bundle's golden pictures: samples to try, and what Python finds in them, to check a device by. */

import type { Auditor, Bundle, Detections } from '../core'
import { iou } from '../core/boxes'
import { readPicture } from './picture'

const SAME = 0.5 // IoU from which two boxes are taken for the same facing
const NEAR = 2 // pixels that a box may lie off

interface Listed {
  boxes: [number, number, number, number][]
  scores: number[]
}

interface GoldenPicture {
  file: string
  network: Listed // of the network with 32 bits
  detector: Listed // of the one that Python runs, which may have 8
}

/** `golden.json`; see skushare/export/golden.py. */
export interface Golden {
  size: number // longest side in pixels of what the network saw
  min_score: number
  pictures: GoldenPicture[]
}

export async function readGolden(bundle: Bundle): Promise<Golden> {
  const { golden } = bundle.description
  if (!golden) throw new Error('golden.json')
  return (await (await fetched(new URL(golden, bundle.base))).json()) as Golden
}

export async function readSample(bundle: Bundle, file: string): Promise<Blob> {
  return (await fetched(new URL(file, bundle.base))).blob()
}

async function fetched(address: URL): Promise<Response> {
  const answer = await fetch(address)
  if (!answer.ok) throw new Error(`${address.pathname.split('/').pop()}: ${answer.status}`)
  return answer
}

/** How far detections are from the expected ones. */
export interface Difference {
  facings: number
  expected: number
  unmatched: number // facings of either without one in the same place in the other
  moved: number // largest difference of a coordinate, in pixels
}

export interface SelfTest extends Difference {
  passed: boolean
  ms: number // of one picture, the median
}

export function compare(found: Pick<Detections, 'count' | 'boxes'>, expected: Listed): Difference {
  const overlaps = iou(found.boxes, Float64Array.from(expected.boxes.flat()))
  const taken = new Set<number>()
  let [unmatched, moved] = [0, 0]
  for (let i = 0; i < found.count; i++) {
    const box = found.boxes.subarray(4 * i, 4 * i + 4)
    const row = overlaps.subarray(i * expected.boxes.length, (i + 1) * expected.boxes.length)
    const most = Math.max(...row)
    const best = row.indexOf(most)
    if (most < SAME || taken.has(best)) unmatched++
    else {
      taken.add(best)
      moved = Math.max(moved, ...expected.boxes[best].map((edge, k) => Math.abs(edge - box[k])))
    }
  }
  return { facings: found.count, expected: expected.boxes.length, unmatched: unmatched + expected.boxes.length - taken.size, moved }
}

/**
 * Count the golden pictures as live frames, and compare with what Python found.
 *
 * LiteRT's network has 8 bits, so it is held against Python's of 8 bits; rounding differs a little from device to
 * device, which may move the score of a doubtful facing over the threshold: one a picture may.
 */
export async function selfTest(auditor: Auditor, bundle: Bundle): Promise<SelfTest> {
  const golden = await readGolden(bundle)
  const [size, times] = [auditor.size, [] as number[]]
  const total: Difference = { facings: 0, expected: 0, unmatched: 0, moved: 0 }
  const options = { minScore: golden.min_score, brands: false, sweep: false }
  try {
    if (size !== golden.size) await auditor.use(auditor.engine, golden.size)
    for (const { file, network, detector } of golden.pictures) {
      const picture = await readPicture(await readSample(bundle, file))
      const started = performance.now()
      const found = await auditor.offer(picture, options)
      times.push(performance.now() - started)
      if (!found) throw new Error('the camera is on')
      const difference = compare(found.detections, auditor.engine === 'litert' ? detector : network)
      total.facings += difference.facings
      total.expected += difference.expected
      total.unmatched += difference.unmatched
      total.moved = Math.max(total.moved, difference.moved)
    }
  } finally {
    if (size !== golden.size) await auditor.use(auditor.engine, size)
  }
  const passed = total.unmatched <= golden.pictures.length && total.moved <= NEAR
  return { ...total, passed, ms: times.sort((a, b) => a - b)[times.length >> 1] ?? 0 }
}
