import 'fake-indexeddb/auto'
import { openDB } from 'idb'
import { beforeEach, expect, test, vi } from 'vitest'
import type { Aside } from '../../src/ui/cut-off'
import type { StoredSweep } from '../../src/ui/store'
import { makeFacings, written } from './make'

const held = new Set<string>()
const locks = {
  query: async () => ({ held: [...held].map((name) => ({ name })) }),
  request: async (name: string) => void held.add(name),
}
vi.stubGlobal('navigator', { locks })
const { clearStore, deleteDraft, openSweeps, saveSweep } = await import('../../src/ui/store')

type Page = typeof import('../../src/ui/cut-off')
const sweep = (unique: number) => ({ unique, found: makeFacings(...Array(unique).fill('A')) })
const frame = (unique: number): Aside => ({ name: 'frame.jpg', source: 'live', picture: new Blob(['jpeg']), sweep: sweep(unique) })
const kept = async (): Promise<(number | undefined)[]> => (await openSweeps()).map((each) => each.sweep?.unique)

/** A new page, which has looked for what others left behind. */
async function open(): Promise<Page> {
  vi.resetModules()
  const page = await import('../../src/ui/cut-off')
  await page.findCutOff()
  return page
}

async function aside(page: Page, unique: number): Promise<void> {
  page.putAside(async () => frame(unique))
  await written()
}

beforeEach(async () => {
  held.clear()
  await clearStore()
})

test('a page that is ended out of sight leaves its newest sweep to the next one, until that forgets it', async () => {
  const first = await open()
  await aside(first, 2)
  await aside(first, 3)
  held.clear()
  const next = await open()
  expect(next.cutOff.value?.sweep).toEqual(sweep(3))
  await deleteDraft('any') // is another thing
  expect(await kept()).toEqual([3])
  next.forgetCutOff()
  await written()
  expect([next.cutOff.value, await kept()]).toEqual([null, []])
})

test('a page that is seen again takes it back, also while it is being written', async () => {
  const page = await open()
  page.putAside(async () => frame(2))
  page.takeBack()
  await written()
  expect(await kept()).toEqual([])
})

test('pages leave the sweeps of one another alone, and offer none whose page goes on', async () => {
  await aside(await open(), 2)
  held.clear() // that page is ended
  const next = await open()
  await aside(next, 4)
  const third = await open()
  expect(third.cutOff.value?.sweep?.unique).toBe(2)
  third.takeBack()
  next.takeBack()
  await written()
  expect(await kept()).toEqual([2])
})

test('of several the newest comes first, and the others after it', async () => {
  for (const unique of [2, 3]) await aside(await open(), unique)
  held.clear()
  const page = await open()
  expect(page.cutOff.value?.sweep?.unique).toBe(3)
  page.forgetCutOff()
  await written()
  expect(page.cutOff.value?.sweep?.unique).toBe(2)
})

test.each([
  ['has counted nothing', async () => null],
  ['cannot be frozen', async () => Promise.reject(new Error('the camera is off'))],
])('a sweep that %s is not kept', async (_, give) => {
  const page = await open()
  page.putAside(give)
  await written()
  expect(await kept()).toEqual([])
})

test('what is taken back stays on the device until what it gave is there, and what is kept next stays after that', async () => {
  const page = await open()
  await aside(page, 2)
  let save = (): void => {}
  page.takeBack(new Promise((resolve) => (save = resolve)))
  page.putAside(async () => frame(3))
  await written()
  expect(await kept()).toEqual([2])
  save()
  await written()
  expect(await kept()).toEqual([3])
})

test('a sweep that a former version left, without a name, is offered', async () => {
  await saveSweep({ id: 'former', time: new Date(), picture: new Blob(['jpeg']), sweep: sweep(2) } as StoredSweep)
  const { cutOff } = await open()
  expect([cutOff.value?.name, cutOff.value?.source]).toEqual(['frame.jpg', 'live'])
})

test('a picture without a sweep is not where a former version, which may share the host, looks for sweeps', async () => {
  const page = await open()
  for (const sweep of [null, { unique: 0, found: [] }]) page.putAside(async () => ({ ...frame(2), sweep }))
  await written()
  const db = await openDB('skushare')
  expect(await db.getAllKeys('draft', IDBKeyRange.bound('sweep-', 'sweep-\uffff'))).toEqual([])
  db.close()
  expect(await kept()).toEqual([0])
  await aside(page, 2) // takes its place
  expect(await kept()).toEqual([2])
  page.takeBack()
  await written()
  expect(await kept()).toEqual([])
})
