import 'fake-indexeddb/auto'
import { beforeEach, expect, test, vi } from 'vitest'
import { makeFacings, written } from './make'

vi.mock('../../src/ui/picture', () => ({ toJpeg: async () => new Blob(['jpeg']) })) // it needs a canvas
const held = new Set<string>()
const locks = {
  query: async () => ({ held: [...held].map((name) => ({ name })) }),
  request: async (name: string) => void held.add(name),
}
vi.stubGlobal('navigator', { locks })
const { clearStore, deleteDraft, openSweeps } = await import('../../src/ui/store')

type Page = typeof import('../../src/ui/cut-off')
const close = vi.fn()
const sweep = (unique: number) => ({ unique, found: makeFacings(...Array(unique).fill('A')) })
const freeze = (unique: number) => async () => ({ picture: { close } as unknown as ImageBitmap, sweep: sweep(unique) })
const kept = async (): Promise<number[]> => (await openSweeps()).map((each) => each.sweep.unique)

/** A new page, which has looked for what others left behind. */
async function open(): Promise<Page> {
  vi.resetModules()
  const page = await import('../../src/ui/cut-off')
  await page.findCutOff()
  return page
}

async function aside(page: Page, unique: number): Promise<void> {
  page.putAside(freeze(unique))
  await written()
}

beforeEach(async () => {
  held.clear()
  await clearStore()
  close.mockClear()
})

test('a page that is ended out of sight leaves its newest sweep to the next one, until that forgets it', async () => {
  const first = await open()
  await aside(first, 2)
  await aside(first, 3)
  expect(close).toHaveBeenCalledTimes(2)
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
  page.putAside(freeze(2))
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
  expect(third.cutOff.value?.sweep.unique).toBe(2)
  third.takeBack()
  next.takeBack()
  await written()
  expect(await kept()).toEqual([2])
})

test('of several the newest comes first, and the others after it', async () => {
  for (const unique of [2, 3]) await aside(await open(), unique)
  held.clear()
  const page = await open()
  expect(page.cutOff.value?.sweep.unique).toBe(3)
  page.forgetCutOff()
  await written()
  expect(page.cutOff.value?.sweep.unique).toBe(2)
})

test.each([
  ['counted nothing', freeze(0)],
  ['cannot be frozen', async () => Promise.reject(new Error('the camera is off'))],
])('a sweep that has %s is not kept', async (_, freeze) => {
  const page = await open()
  page.putAside(freeze)
  await written()
  expect(await kept()).toEqual([])
})
