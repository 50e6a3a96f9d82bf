import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Auditor, BundleError, Gallery, loadBundle } from '../../src/core'
import type { Bundle } from '../../src/core'
import { deleteGallery, galleryNames, openGallery, saveGallery } from '../../src/ui/store'
import { until } from '../until'

vi.mock('../../src/ui/store')
vi.mock('../../src/core', async (importOriginal) => ({ ...(await importOriginal<object>()), loadBundle: vi.fn() }))

vi.stubGlobal('location', new URL('http://localhost/'))
const listeners = new Map<string, () => void>()
vi.stubGlobal('addEventListener', (name: string, listener: () => void) => listeners.set(name, listener))
vi.stubGlobal('removeEventListener', (name: string) => listeners.delete(name))
vi.stubGlobal('navigator', { userAgent: '' })
vi.stubGlobal('document', { documentElement: { dataset: {} } })
const session = await import('../../src/ui/session')

const auditor = { engine: 'wasm', size: 640, stop: () => {}, setGallery: vi.fn(), use: vi.fn() }
const make = (version: string) =>
  ({ base: new URL('http://localhost/'), description: { version, embedder: null, detector: { config: { live_size: 640 } } } }) as unknown as Bundle
const texts = (): string[] => session.messages.value.map(({ text }) => text)

beforeEach(() => {
  session.bundle.value = session.bundled.value = session.auditor.value = null
  session.messages.value = []
  session.savedGalleries.value = []
  vi.mocked(galleryNames).mockResolvedValue([])
  vi.mocked(openGallery).mockResolvedValue(undefined)
  vi.mocked(loadBundle).mockReset().mockResolvedValueOnce(make('old')).mockResolvedValueOnce(make('new'))
  vi.spyOn(Auditor, 'start').mockResolvedValue(auditor as unknown as Auditor)
})

describe('a start that is tried again', () => {
  test('reads the description anew where a file of it was not to be had', async () => {
    vi.mocked(Auditor.start).mockRejectedValueOnce(new BundleError('missing', 'model/old.bin'))
    await session.start()
    expect([session.phase.value, session.failure.value?.code]).toEqual(['failed', 'missing'])
    await session.start()
    expect([session.phase.value, session.description.value?.version]).toEqual(['ready', 'new'])
  })

  test('keeps the description where it was an engine that failed', async () => {
    vi.mocked(Auditor.start).mockRejectedValueOnce(new Error('no engine'))
    await session.start()
    await session.start()
    expect([session.phase.value, session.description.value?.version]).toEqual(['ready', 'old'])
  })
})

test.each([
  [null, { came: 3, wanted: 5 }],
  [{ scriptURL: 'http://localhost/sw.js' }, null], // the service worker has the files
  [{ scriptURL: 'http://localhost/above/sw.js' }, { came: 3, wanted: 5 }], // that of another bundle has not
])('how much of the model has come is known while it does: %j', async (controller, known) => {
  vi.stubGlobal('navigator', { userAgent: '', serviceWorker: { controller } })
  vi.mocked(Auditor.start).mockImplementationOnce(async (_, options) => {
    options?.onLoading?.({ came: 3, wanted: 5 })
    expect([session.phase.value, session.loaded.value]).toEqual(['loading', known])
    return auditor as unknown as Auditor
  })
  await session.start()
  expect(session.phase.value).toBe('ready')
  await session.start()
  expect(session.loaded.value).toBeNull() // it is told anew
})

describe('the gallery that came with the app', () => {
  const own = Gallery.empty('Shelf')

  test.each([
    ['the saved one of its name cannot be read', () => vi.mocked(openGallery).mockRejectedValue(new Error('broken'))],
    ['the saved one of its name is damaged', () => vi.mocked(openGallery).mockResolvedValue({ name: 'Shelf', zip: new Blob(['x']), changed: '' })],
  ])('is used, and the user is told, where %s', async (_, arrange) => {
    session.bundled.value = own
    session.savedGalleries.value = ['Shelf']
    arrange()
    await session.chooseGallery('Shelf')
    expect(session.gallery.value).toBe(own)
    expect(texts()).toEqual([expect.stringContaining('Shelf could not be opened')])
  })

  test('is used where nothing can be kept, which is told once', async () => {
    session.bundled.value = own
    for (const read of [galleryNames, openGallery]) vi.mocked<() => Promise<unknown>>(read as () => Promise<unknown>).mockRejectedValue(new Error('barred'))
    await session.start()
    expect(session.gallery.value).toBe(own)
    expect(texts()).toEqual([expect.stringContaining('keeps nothing')])
  })

  test.each([
    ['Shelf', own],
    ['Mine', null],
  ])('comes back where what was saved under its name is deleted: %s', async (name, after) => {
    session.bundled.value = own
    session.gallery.value = Gallery.empty(name)
    await session.forgetGallery(name)
    expect(deleteGallery).toHaveBeenCalledWith(name)
    expect(session.gallery.value).toBe(after)
  })

  test.each([
    [null, own],
    ['Shelf', own],
    ['of another bundle', own],
    ['', null], // none was wanted
  ])('is what a start without the chosen one takes, and the choice stays: %j', async (chosen, used) => {
    const { galleryName } = await import('../../src/ui/settings')
    galleryName.value = chosen
    session.bundled.value = own
    await session.start()
    expect([session.gallery.value, galleryName.value]).toEqual([used, chosen])
    galleryName.value = null
  })

  test('is not used in place of another', async () => {
    session.bundled.value = own
    vi.mocked(openGallery).mockRejectedValue(new Error('barred'))
    await expect(session.chooseGallery('Mine')).rejects.toThrow('barred')
    expect(texts()).toEqual([])
  })
})

describe('a gallery to teach', () => {
  const own = Gallery.empty('Shelf')

  test.each([
    ['Mine', undefined],
    ['Shelf', own], // the bundle's
  ])('where nothing can be kept is one for this visit: %s', async (name, bundled) => {
    session.bundled.value = own
    vi.mocked(openGallery).mockRejectedValue(new Error('barred'))
    const found = await session.galleryToTeach(name)
    expect([found.name, found === bundled]).toEqual([name, !!bundled])
  })

  test('is no new one in place of one that is damaged', async () => {
    vi.mocked(openGallery).mockResolvedValue({ name: 'Mine', zip: new Blob(['x']), changed: '' })
    await expect(session.galleryToTeach('Mine')).rejects.toThrow()
  })

  test('that was not saved is in use and can be seen so', async () => {
    vi.mocked(openGallery).mockRejectedValue(new Error('barred'))
    vi.mocked(galleryNames).mockRejectedValue(new Error('barred'))
    vi.mocked(saveGallery).mockRejectedValueOnce(new Error('barred'))
    await expect(session.keepGallery(() => session.galleryToTeach('Mine'))).rejects.toThrow('barred')
    expect([session.gallery.value?.name, session.galleries.value]).toEqual(['Mine', ['Mine']])
    session.gallery.value = null
  })
})

test('what went wrong ends as a part of a sentence does', () => {
  expect(['It was aborted.', new Error('Gone...'), new Error('no')].map(session.reason)).toEqual(['It was aborted', 'Gone', 'no'])
})

test('an address in ?model= that is none is told at the start, and lets nothing be asked of other servers', async () => {
  vi.stubGlobal('location', new URL('http://localhost/?model=https://'))
  const append = vi.fn()
  vi.stubGlobal('document', { documentElement: { dataset: {} }, createElement: () => ({}), head: { append } })
  const { narrowPolicy } = await import('../../src/ui/policy')
  narrowPolicy()
  await session.start()
  vi.stubGlobal('location', new URL('http://localhost/'))
  expect(append).toHaveBeenCalledWith(expect.objectContaining({ content: "connect-src 'self'" }))
  expect([session.phase.value, session.failure.value?.text]).toEqual(['failed', expect.stringContaining('https:// could not be loaded')])
})

test('what was wrong with files is told until others are chosen, and nothing else goes with it', () => {
  session.tell('error', 'no room')
  session.tellOfFile('a.txt is no picture')
  session.forgetFiles()
  expect(texts()).toEqual(['no room'])
  session.tellOfFile('b.txt is no picture')
  expect(texts()).toEqual(['no room', 'b.txt is no picture'])
})

test.each([
  [new BundleError('network', 'model/a.bin'), 'model/a.bin could not be loaded'],
  [new Error('no GPU'), 'WebGL does not work on this device'],
])('an engine that could not be changed to is told of with the reason: %s', async (error, told) => {
  await session.start()
  session.messages.value = []
  auditor.use.mockRejectedValueOnce(error)
  expect(await session.useEngine('webgl')).toBe(false)
  expect(texts()).toEqual([expect.stringContaining(told)])
})

test('engines are not measured again where that has ended the page, but where it has failed', async () => {
  session.bundle.value = make('dying')
  const probe = vi.fn()
  session.auditor.value = { ...auditor, probe } as unknown as Auditor
  probe.mockRejectedValueOnce(new Error('busy'))
  await session.measureOnce()
  probe.mockReturnValueOnce(new Promise(() => {})) // the page ends in the middle of it
  void session.measureOnce()
  await until(() => expect(probe).toHaveBeenCalledTimes(2))
  const { measured } = await import('../../src/ui/settings')
  expect(measured.value?.probes).toEqual([])
  await session.measureOnce()
  expect(probe).toHaveBeenCalledTimes(2)
  listeners.get('pagehide')!() // but it was left as pages are
  expect(measured.value).toBeNull()
})
