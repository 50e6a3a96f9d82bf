import { afterEach, describe, expect, test, vi } from 'vitest'
import { asFile, countedIn, share } from '../../src/ui/download'
import { when } from '../../src/ui/format'
import { makeAudit, makeFacings } from './make'

const drawn: { text: string; right: number }[] = [] // where each text ends at the most
vi.mock('../../src/ui/boxes', () => ({ drawBoxes: () => {}, drawLabel: () => {} }))
vi.mock('../../src/ui/picture', () => {
  const context = { fillRect: () => {}, fillText: (text: string, left: number, _: number, room = Infinity) => void drawn.push({ text, right: left + room }) }
  return { makeCanvas: () => [{ convertToBlob: async () => new Blob(['png']) }, context] }
})

describe('where the browser refuses to share', () => {
  const audit = makeAudit(makeFacings('Acme'))
  const refuse = (...names: string[]): ReturnType<typeof vi.fn> => {
    const asked = vi.fn()
    for (const name of names) asked.mockRejectedValueOnce(new DOMException('refused', name))
    vi.stubGlobal('navigator', { share: asked.mockResolvedValue(undefined), canShare: () => true })
    return asked
  }
  afterEach(() => vi.unstubAllGlobals())

  test('because the tap is too long ago, the same is offered at the next one', async () => {
    const asked = refuse('NotAllowedError')
    await (await share(audit, null, {}))!()
    expect(asked).toHaveBeenCalledTimes(2)
    expect(asked.mock.calls[1][0]).toBe(asked.mock.calls[0][0])
  })
  test('that again, it is a fault', async () => {
    refuse('NotAllowedError', 'NotAllowedError')
    await expect((await share(audit, null, {}))!()).rejects.toThrow('refused')
  })
  test('for the user, nothing is wrong', async () => {
    refuse('AbortError')
    expect(await share(audit, null, {})).toBeNull()
  })
  test('for anything else, it is a fault', async () => {
    refuse('DataError')
    await expect(share(audit, null, {})).rejects.toThrow('refused')
  })
})

test.each([300, 1000, 4000])('every text of a drawn picture ends within it, the date too: %i pixels', async (width) => {
  drawn.length = 0
  const name = 'Super Market North Street 25, Springfield'
  const audit = makeAudit(makeFacings('B'.repeat(60), 'Acme', ''), { store: name, shelf: name, photo: { name: 'a.jpg', width, height: 400 } })
  await asFile('png', [audit])
  expect(drawn).toHaveLength(4)
  expect(drawn[0].text).toMatch(/^Super Market/)
  expect(drawn[0].text.endsWith(when(audit.time))).toBe(true)
  for (const { right } of drawn) expect(right).toBeLessThan(Math.min(width, 2400))
})

describe('a sweep', () => {
  const sweep = { unique: 3, found: makeFacings('Acme', 'Acme', 'Zeta') }
  const audit = makeAudit(makeFacings('Zeta'), { sweep })

  test('is what leaves the app by the share sheet, with a table of its shares', async () => {
    const passed: ShareData[] = []
    vi.stubGlobal('navigator', { share: async (data: ShareData) => void passed.push(data), canShare: () => true })
    await share(audit, null, {})
    vi.unstubAllGlobals()
    expect(passed[0].text).toMatch(/^Corner shop, Cereals: 3 unique facings\. Acme 67%.*\(2\), Zeta 33%.*\(1\)$/)
    expect(passed[0].files!.map((file) => file.name)).toEqual([expect.stringMatching(/-shares\.csv$/)])
  })

  test('of brands and a store that are read from right to left tells each share after its name', async () => {
    const passed: ShareData[] = []
    vi.stubGlobal('navigator', { share: async (data: ShareData) => void passed.push(data), canShare: () => true })
    drawn.length = 0
    const store = { store: 'חנות', shelf: '' }
    await share(makeAudit(makeFacings('קולה', 'קולה'), store), null, {})
    await asFile('png', [makeAudit(makeFacings('קולה'), store)])
    vi.unstubAllGlobals()
    expect(passed[0].text).toMatch(/^\u2068חנות\u2069: 2 facings\. \u2068קולה\u2069 100%/)
    expect(drawn.map(({ text }) => text)).toEqual([expect.stringMatching(/^\u2068חנות\u2069 · /), expect.stringMatching(/^\u2068קולה\u2069 100%/)])
  })

  test('is counted and drawn by its unique facings', async () => {
    expect([countedIn(audit), countedIn(makeAudit(makeFacings('A', 'B')))]).toEqual(['3 unique facings', '2 facings'])
    drawn.length = 0
    await asFile('png', [audit])
    expect(drawn.map(({ text }) => text)).toEqual([expect.stringContaining(' · 3 unique facings · '), expect.stringMatching(/^Acme 67/), expect.stringMatching(/^Zeta 33/)])
  })

  test.each([
    ['its', audit, 'facings-on-picture.csv'],
    ['a photo’s', makeAudit(makeFacings('A')), '-facings.csv'],
  ])('%s file of single facings says what they are of', async (_, of, name) => expect((await asFile('csv', [of])).name).toContain(name))
})
