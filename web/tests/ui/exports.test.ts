import { describe, expect, test } from 'vitest'
import { corrected } from '../../src/ui/audit'
import { auditsJson, facingsCsv, fileStem, sharesCsv } from '../../src/ui/exports'
import { makeAudit, makeFacings } from './make'

const HOSTILE = '=HYPERLINK("http://x","<b>\u202e")'

describe('facingsCsv', () => {
  test('without audits is its head line', () => {
    expect(facingsCsv([])).toBe('\ufeffaudit,time,store,shelf,category,photo,brand,product,brand_score,score,row,left,top,right,bottom\n')
  })

  test('has a line a facing as it stands after corrections', () => {
    const audit = corrected(makeAudit(makeFacings('A', HOSTILE), { id: 7 }), 0, null)
    const lines = facingsCsv([audit]).trim().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain(`"'=HYPERLINK(""http://x"",""<b>\u202e"")"`)
    expect(lines[1]).toMatch(/^7,2026-11-27T14:05:00.000Z,Corner shop,Cereals,,shelf.jpg,.*,0.95,0.9,1,100,50,190,250$/)
  })
})

test('sharesCsv tells photo and sweep apart', () => {
  const audit = makeAudit(makeFacings('A', 'B'), { sweep: { unique: 1, found: makeFacings('A') } })
  const lines = sharesCsv([audit]).trim().split('\n').slice(1).map((line) => line.split(',').slice(5, 9))
  expect(lines).toEqual([['photo', 'A', '1', '0.5'], ['photo', 'B', '1', '0.5'], ['sweep', 'A', '1', '1']])
})

test('a sweep has no lengths, as it does not know what was stacked', () => {
  const audit = makeAudit(makeFacings('A', 'B'), { sweep: { unique: 2, found: makeFacings('A', 'B') } })
  const lengths = sharesCsv([audit]).trim().split('\n').slice(1).map((line) => line.split(',').slice(10, 12))
  expect(lengths.slice(2)).toEqual([['', ''], ['', '']])
  expect(lengths[0].every(Boolean)).toBe(true)
  const [read] = JSON.parse(auditsJson([audit]))
  expect([read.shares[0].linear, read.sweep.shares[0].linear]).toEqual([0.5, null])
})

test('the JSON tells what was found, what was corrected and what it was made with', () => {
  const audit = corrected(makeAudit(makeFacings('A', '')), 1, { box: [1, 2, 3, 4], brand: HOSTILE })
  const [read] = JSON.parse(auditsJson([audit]))
  expect(read.photos[0].facings.map((facing: { brand: string }) => facing.brand)).toEqual(['A', 'unknown'])
  expect(read.corrections).toMatchObject([{ photo: 0, facing: 1, after: { box: [1, 2, 3, 4], brand: HOSTILE } }])
  expect(read.shares.map((share: { brand: string }) => share.brand).sort()).toEqual([HOSTILE, 'A'].sort())
  expect(read).toMatchObject({ model: 'shelf_dense', model_digest: 'abc', gallery: 'My brands', thresholds: { score: 0.3 } })
})

test.each([
  ['../../etc', '<script>', /^2026-11-27-\d{4}-etc-script$/],
  ['', '', /^2026-11-27-\d{4}-shelf$/],
])('the file of an audit in %j, %j has a harmless name', (store, shelf, name) => {
  expect(fileStem({ ...makeAudit([]), store, shelf })).toMatch(name)
})
