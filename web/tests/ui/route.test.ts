import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

type RouteModule = typeof import('../../src/ui/route')

let routes: RouteModule
let go: (hash: string) => void // as a link, the Back button or the address bar

beforeEach(async () => {
  const location = { hash: '#/' }
  let changed = (): void => {}
  vi.stubGlobal('location', location)
  vi.stubGlobal('addEventListener', (_: string, heed: () => void) => (changed = heed))
  vi.stubGlobal('history', { replaceState: (_: null, __: string, hash: string) => (location.hash = hash) })
  vi.resetModules()
  routes = await import('../../src/ui/route')
  go = (hash) => {
    location.hash = hash
    changed()
  }
})
afterEach(() => vi.unstubAllGlobals())

const shown = (): [string, string] => [routes.route.value.page, location.hash]

test('a page is shown at its address, and an unknown one is the first', () => {
  go('#/history/7')
  expect(routes.route.value).toEqual({ page: 'history', audit: 7 })
  go('#/nowhere')
  expect(routes.route.value).toEqual({ page: 'count', audit: null })
})

test('Back leads to a page that is left, but not to one that is left for good', () => {
  const replace = vi.fn()
  Object.assign(location, { replace })
  routes.goForGood('history', 7)
  expect([replace.mock.calls, location.hash]).toEqual([[['#/history/7']], '#/'])
  routes.go('settings')
  expect([replace.mock.calls.length, location.hash]).toEqual([1, '#/settings'])
})

describe('where something would be lost', () => {
  test.each([
    [true, ['history', '#/history/7']],
    [false, ['count', '#/']],
  ])('the page is left after the answer %j only', async (yes, after) => {
    let answer: (yes: boolean) => void = () => {}
    routes.guardLeaving(() => new Promise((resolve) => (answer = resolve)))
    go('#/history/7')
    expect(shown()).toEqual(['count', '#/'])
    answer(yes)
    await Promise.resolve()
    await Promise.resolve()
    expect(shown()).toEqual(after)
  })

  test('nothing is asked on the way to the same page', () => {
    const ask = vi.fn(() => null)
    routes.guardLeaving(ask)
    go('#/count')
    expect(ask).not.toHaveBeenCalled()
  })
})
