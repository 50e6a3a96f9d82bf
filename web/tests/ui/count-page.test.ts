import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { signal } from '@preact/signals'
import { makeDetections } from '../../src/core'
import type { Auditor } from '../../src/core'
import type { Live } from '../../src/ui/live'
import { until } from '../until'
import { written } from './make'

const ask = vi.hoisted(() => vi.fn(async () => false))
vi.mock('../../src/ui/store', async (original) => ({ ...(await original<object>()), saveDraft: vi.fn(async () => {}), saveWork: async () => {}, deleteDraft: async () => {} }))
vi.mock('../../src/ui/session', async () => {
  const { signal } = await import('@preact/signals')
  const config = { min_score: 0.4, live_min_score: 0.3, labels: ['facing'] }
  const description = { name: 'm', skushare: '1', detector: { digest: 'd', config }, embedder: null }
  return { auditor: signal(null), description: signal(description), embedder: signal(null), gallery: signal(null), bundle: signal(null), labelled: signal([]), running: signal(null), measureOnce: async () => {}, reason: String, retract: vi.fn(), tell: vi.fn(), tellOfFile: vi.fn(), forgetFiles: vi.fn(), ask }
})
vi.mock('../../src/ui/picture', () => ({
  PictureError: class extends Error {},
  toJpeg: async () => new Blob(['jpeg']),
  readPicture: vi.fn(async () => ({ width: 1000, height: 100, close() {} })),
}))
const location = new URL('http://localhost/')
vi.stubGlobal('location', location)
vi.stubGlobal('addEventListener', () => {})
vi.stubGlobal('createImageBitmap', async (picture: unknown) => picture)
vi.stubGlobal('navigator', { onLine: true, userAgent: '' })
vi.stubGlobal('document', { documentElement: { dataset: {} }, addEventListener() {} })

const { auditor, forgetFiles, retract, tell, tellOfFile } = await import('../../src/ui/session')
const { countAnew, countCutOff, countFile, counting, mayReplace, whileCounting } = await import('../../src/ui/count-page')
const { discard, draft, draftAudit, keepCorrections } = await import('../../src/ui/draft')
const { corrected } = await import('../../src/ui/audit')
const { looking } = await import('../../src/ui/live')
const { route } = await import('../../src/ui/route')
const { readPicture } = await import('../../src/ui/picture')
const { clearStore, openSweeps, saveDraft, saveSweep } = await import('../../src/ui/store')
const { cutOff, findCutOff } = await import('../../src/ui/cut-off')

const ends: (() => void)[] = []

beforeEach(() => {
  ends.length = 0
  const found = { detections: makeDetections([0, 0, 90, 90, 100, 0, 190, 90], [0.9, 0.9]), width: 1000, height: 100 }
  const detect = () => new Promise((resolve) => ends.push(() => resolve(found)))
  auditor.value = { detect, bundle: { description: { name: 'm', skushare: '1', detector: { digest: 'd', config: { labels: ['facing'] } }, embedder: null } } } as unknown as Auditor
  vi.clearAllMocks()
})

test('a count that ends after another shelf was corrected takes its place only where the user says so', async () => {
  const first = countFile(new Blob(['a']), 'a.jpg')
  await until(() => expect(ends).toHaveLength(1))
  ends[0]()
  await first
  const count = async (name: string): Promise<void> => {
    const counted = whileCounting(() => countFile(new Blob([name]), name))
    expect(counting.value).toBe(true)
    await until(() => expect(ends).toHaveLength(1))
    keepCorrections(corrected(draftAudit.value!, null, { box: [200, 0, 290, 90], brand: 'Mine' }).corrections) // meanwhile
    ends.pop()!()
    await counted
    expect(counting.value).toBe(false)
  }
  ends.length = 0
  expect(await mayReplace()).toBe(false) // it is not saved
  ask.mockClear()
  await count('b.jpg')
  expect([ask.mock.calls.length, draft.value?.shelf.name, draft.value?.corrections.length]).toEqual([1, 'a.jpg', 1])
  ask.mockResolvedValueOnce(true)
  await count('c.jpg')
  expect([ask.mock.calls.length, draft.value?.shelf.name]).toEqual([2, 'c.jpg'])
})

test('counting anew asks where the camera has counted something', async () => {
  const live = { reset: vi.fn(), reading: signal<{ unique: number } | null>(null) }
  looking.value = live as unknown as Live
  const told: [number, number][] = []
  for (const [unique, yes] of [[0, false], [3, false], [3, true]] as const) {
    live.reading.value = { unique }
    ask.mockResolvedValueOnce(yes)
    await countAnew(live)
    told.push([ask.mock.calls.length, live.reset.mock.calls.length])
    ask.mockReset()
  }
  looking.value = null
  expect(told).toEqual([[0, 1], [1, 1], [1, 2]])
})

test('what is wrong with a file is told until the next one is counted', async () => {
  const steps: string[] = []
  vi.mocked(forgetFiles).mockImplementation(() => void steps.push('forgotten'))
  vi.mocked(tellOfFile).mockImplementation((text) => void steps.push(text))
  for (const name of ['a.jpg', 'b.jpg']) {
    vi.mocked(readPicture).mockRejectedValueOnce('torn')
    await whileCounting(() => countFile(new Blob([name]), name))
  }
  expect(steps).toEqual(['forgotten', 'a.jpg could not be counted: torn', 'forgotten', 'b.jpg could not be counted: torn'])
})

describe('a count that ends', () => {
  type Page = typeof route.value.page
  const show = (page: Page): void => {
    route.value = { page, audit: null }
    location.hash = `#/${page}`
  }
  /** Count, begun on one page and ended on another; the pages that are shown then, and what is told. */
  const count = async (from: Page, at: Page): Promise<[string, string[]]> => {
    await discard()
    vi.clearAllMocks()
    show(from)
    const counted = countFile(new Blob(['a']), 'a.jpg')
    await until(() => expect(ends).toHaveLength(1))
    show(at)
    ends[0]()
    await counted
    return [location.hash, vi.mocked(tell).mock.calls.map(([, text]) => text)]
  }

  test.each([
    ['count', '#/shelf'],
    ['teach', '#/teach'],
  ] as const)('on the page %s is shown at %s', async (page, shown) => expect(await count(page, page)).toEqual([shown, []]))

  test('while its place is looked at needs no word', async () => expect(await count('count', 'shelf')).toEqual(['#/shelf', []]))

  test.each([
    ['count', 'history', '#/shelf'],
    ['count', 'teach', '#/shelf'],
    ['teach', 'settings', '#/teach'],
  ] as const)('takes nobody who went from %s to %s away, but leads to %s', async (from, at, to) => {
    expect(await count(from, at)).toEqual([`#/${at}`, ['a.jpg is counted: 2 facings.']])
    vi.mocked(tell).mock.calls[0][2]!.run()
    expect(location.hash).toBe(to)
  })

  test.each([
    ['count', 'is seen', 'shelf'],
    ['teach', 'is seen where it was begun', 'teach'],
    ['count', 'is thrown away', null],
  ] as const)('on the page %s is told until it %s', async (from, _, seen) => {
    await count(from, 'history')
    show('settings')
    expect(retract).not.toHaveBeenCalled()
    if (seen) show(seen)
    else await discard()
    expect(retract).toHaveBeenCalledExactlyOnceWith('a.jpg is counted: 2 facings.')
  })
})

describe('a photo that is counted', () => {
  const kept = async (): Promise<string[]> => {
    await written()
    return (await openSweeps()).map(({ name }) => name)
  }
  beforeEach(async () => {
    await discard()
    await clearStore()
  })

  test('is on the device, as the page may be ended, until the count is', async () => {
    let save = (): void => {}
    vi.mocked(saveDraft).mockImplementationOnce(() => new Promise((resolve) => (save = resolve)))
    const counted = countFile(new Blob(['a']), 'a.jpg')
    await until(() => expect(ends).toHaveLength(1))
    expect(await kept()).toEqual(['a.jpg'])
    ends[0]()
    await counted
    expect(await kept()).toEqual(['a.jpg'])
    save()
    expect(await kept()).toEqual([])
  })

  test('is kept no more where it cannot be counted', async () => {
    vi.mocked(readPicture).mockRejectedValueOnce('torn')
    await countFile(new Blob(['a']), 'a.jpg')
    expect(await kept()).toEqual([])
  })

  test('is counted at the next visit where its page was ended, as of when it was chosen', async () => {
    const time = new Date('2026-11-27T14:05:00Z')
    await saveSweep({ id: 'a page', time, name: 'a.jpg', source: 'photo', picture: new Blob(['a']), sweep: null })
    await findCutOff()
    const counted = countCutOff()
    await until(() => expect(ends).toHaveLength(1))
    expect(await kept()).toEqual(['a.jpg']) // the page may be ended again
    ends[0]()
    await counted
    expect([draft.value?.shelf.name, draft.value?.shelf.source, draft.value?.shelf.time, cutOff.value]).toEqual(['a.jpg', 'photo', time, null])
    expect(await kept()).toEqual([])
  })
})
