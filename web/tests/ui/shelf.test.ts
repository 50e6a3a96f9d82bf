import { expect, test } from 'vitest'
import { makeDetections } from '../../src/core'
import { nameShelf } from '../../src/ui/shelf'

test.each([
  [['facing'], ['', '']], // any facing, which is no brand
  [['Acme', 'Zeta'], ['Acme', 'Zeta']],
])('without an embedder, classes %j are brands %j', (labels, brands) => {
  const all = makeDetections([0, 0, 9, 9, 10, 0, 19, 9], [0.9, 0.9], labels.length > 1 ? [0, 1] : [0, 0])
  expect(nameShelf({ all, vectors: null }, 0.5, null, null, labels).facings.map((facing) => facing.brand)).toEqual(brands)
})
