import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

const tell = vi.fn()
const ask = vi.fn(async () => false)
const open = { draft: false, sweep: false }
let phase = 'ready'
vi.mock('../../src/ui/session', () => ({ tell: (...told: unknown[]) => tell(...told), ask: () => ask(), SLOW_FADES: 1, phase: { get value() { return phase } } })) // prettier-ignore
vi.mock('../../src/ui/draft', () => ({ unsaved: () => open.draft }))
vi.mock('../../src/ui/live', () => ({ sweeping: { get value() { return open.sweep } } })) // prettier-ignore

class Worker extends EventTarget {
  state = 'installing'
  constructor(readonly scriptURL = 'http://localhost/app/sw.js') {
    super()
  }
  postMessage = vi.fn()
  become(state: string): void {
    this.state = state
    this.dispatchEvent(new Event('statechange'))
  }
}

class Registration extends EventTarget {
  active: Worker | null = null
  installing: Worker | null = null
  waiting: Worker | null = null
  scope = 'http://localhost/app/'
  unregister = vi.fn()
  update = async () => {}
  /** The browser has found a version, the first one or a new one. */
  find(): Worker {
    this.installing = new Worker()
    this.dispatchEvent(new Event('updatefound'))
    return this.installing
  }
}

const told = (): string[] => tell.mock.calls.map(([, text]) => text)
const reload = vi.fn()
const deleted: string[] = []
let registration: Registration

beforeEach(() => {
  tell.mockReset()
  reload.mockReset()
  ask.mockClear()
  open.draft = open.sweep = false
  phase = 'ready'
  deleted.length = 0
  registration = new Registration()
  vi.resetModules()
  vi.stubEnv('DEV', false)
  vi.stubGlobal('document', { documentElement: { dataset: {} } })
  vi.stubGlobal('location', { href: 'http://localhost/app/', reload })
  vi.stubGlobal('setInterval', () => 0)
  vi.stubGlobal('caches', { keys: async () => ['precache-http://localhost/app/', 'precache-http://localhost/'], delete: async (name: string) => deleted.push(name) })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
})

async function visit(controller: Worker | null, register = async () => registration): Promise<typeof import('../../src/ui/updates')> {
  registration.active = controller
  const serviceWorker = Object.assign(new EventTarget(), { controller, register, getRegistrations: async () => [registration] })
  vi.stubGlobal('navigator', { serviceWorker })
  const updates = await import('../../src/ui/updates')
  await updates.startUpdates()
  return updates
}

describe('that the app could not be kept', () => {
  test('is told of a first installation that fails', async () => {
    await visit(null)
    registration.find().become('redundant')
    expect(told()).toEqual([expect.stringContaining('could not be kept')])
  })

  test('is not told of a new version that fails or is superseded: the one before goes on', async () => {
    await visit(new Worker())
    registration.find().become('redundant')
    const waiting = registration.find()
    waiting.become('installed')
    waiting.become('redundant')
    expect(told()).toEqual([expect.stringContaining('new version')])
  })

  test('is not told where a page without the worker, as after a forced reload, has one that is kept', async () => {
    await visit(null)
    registration.active = new Worker()
    registration.find().become('redundant')
    expect(told()).toEqual([])
  })

  test('is not told where a newer version takes the place of the first', async () => {
    await visit(null)
    const first = registration.find()
    for (const state of ['installed', 'activating', 'activated', 'redundant']) first.become(state)
    expect(told()).toEqual([expect.stringContaining('Ready')])
  })
})

test.each([
  ['told where the browser refuses to keep it', new DOMException('An SSL certificate error occurred', 'SecurityError'), [expect.stringContaining('does not keep the app')]],
  ['no matter where the script was not to be had, as in a preview', new TypeError('script evaluation failed'), []],
])('that the app is not kept is %s', async (_, error, messages) => {
  await visit(null, () => Promise.reject(error))
  expect(told()).toEqual(messages)
})

describe('everything is fetched anew', () => {
  const answer = (status: number, type: string) => async () => new Response('', { status, headers: { 'Content-Type': type } })

  test.each([
    ['is not there', answer(404, 'text/javascript')],
    ['is down', answer(503, 'application/javascript')],
    ['shows a page in place of the app', answer(200, 'text/html; charset=utf-8')],
    ['cannot be reached', () => Promise.reject(new TypeError('network'))],
  ])('but nothing is thrown away where the server %s', async (_, fetch) => {
    const { repair } = await visit(new Worker())
    vi.stubGlobal('fetch', fetch)
    await repair()
    expect([registration.unregister.mock.calls.length, deleted, reload.mock.calls.length]).toEqual([0, [], 0])
    expect(told()).toEqual([expect.stringContaining('nothing was changed')])
  })

  test.each(['text/javascript', 'application/javascript; charset=utf-8', 'application/x-javascript'])('where the server has it as %s', async (type) => {
    const { repair } = await visit(new Worker())
    vi.stubGlobal('fetch', answer(200, type))
    await repair()
    expect([registration.unregister.mock.calls.length, deleted, reload.mock.calls.length]).toEqual([1, ['precache-http://localhost/app/'], 1])
    expect(told()).toEqual([])
  })
})

/** A version that is found while the page is open, and waits. */
function findNext(): Worker {
  registration.waiting = registration.find()
  registration.waiting.become('installed')
  return registration.waiting
}

function change(): void {
  navigator.serviceWorker.dispatchEvent(new Event('controllerchange'))
}

test('a page that is open since the first visit is told of new versions, and that another tab has started one', async () => {
  await visit(null)
  const first = registration.find()
  for (const state of ['installed', 'activating', 'activated']) first.become(state)
  registration.active = first
  change()
  findNext()
  change()
  expect(told()).toEqual(['Ready', 'new version', 'another tab'].map((words) => expect.stringContaining(words)))
})

test('the first visit below the folder of another bundle is told of no new version', async () => {
  await visit(new Worker('http://localhost/sw.js'))
  change()
  expect([told(), reload.mock.calls.length]).toEqual([[], 0])
})

test.each([
  ['where another version was there', new Worker(), 1],
  ['but not in the first visit', null, 0],
])('a page that still loads when a version takes over is loaded anew, %s', async (_, controller, times) => {
  phase = 'loading'
  await visit(controller)
  change()
  expect([reload.mock.calls.length, told()]).toEqual([times, []])
})

describe.each(['Update now', 'Reload'])('%s', (label) => {
  async function press(): Promise<boolean> {
    const updates = await visit(new Worker())
    findNext()
    if (label === 'Reload') change()
    vi.useFakeTimers()
    tell.mock.calls.at(-1)![2].run()
    await vi.advanceTimersByTimeAsync(9000)
    vi.useRealTimers()
    return updates.leaving
  }

  test('loads the page anew where nothing would be lost', async () => {
    await press()
    expect([ask.mock.calls.length, reload.mock.calls.length]).toEqual([0, 1])
  })

  test.each([{ draft: true }, { sweep: true }])('leaves what is not kept until the user has said yes: %o', async (work) => {
    Object.assign(open, work)
    await press()
    expect([ask.mock.calls.length, reload.mock.calls.length]).toEqual([1, 0])
  })

  test.each([
    [true, true],
    [false, false], // it is done
  ])('is offered on where the user, asked of a draft (%s), has not said yes', async (draft, again) => {
    open.draft = draft
    await press()
    expect(told().at(-1) === told().at(-2)).toBe(again)
  })

  test('asks once: the browser need not ask again', async () => {
    open.draft = true
    expect(await press()).toBe(false)
    ask.mockResolvedValueOnce(true)
    expect(await press()).toBe(true)
    expect([ask.mock.calls.length, reload.mock.calls.length]).toEqual([2, 1])
  })
})
