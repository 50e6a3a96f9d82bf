import { expect, test, vi } from 'vitest'
import { asFile } from '../../src/ui/download'
import { when } from '../../src/ui/format'
import { makeAudit, makeFacings } from './make'

const drawn: { text: string; right: number }[] = [] // where each text ends at the most
vi.mock('../../src/ui/boxes', () => ({ drawBoxes: () => {}, drawLabel: () => {} }))
vi.mock('../../src/ui/picture', () => {
  const context = { fillRect: () => {}, fillText: (text: string, left: number, _: number, room = Infinity) => void drawn.push({ text, right: left + room }) }
  return { makeCanvas: () => [{ convertToBlob: async () => new Blob(['png']) }, context] }
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
