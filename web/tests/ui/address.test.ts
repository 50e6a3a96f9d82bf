import { expect, test } from 'vitest'
import { bundleAddress } from '../../src/ui/address'

test.each([
  ['', 'http://localhost/app/bundle.json'],
  ['model=https://models.example/a/bundle.json', 'https://models.example/a/bundle.json'],
])('%j leads to the bundle at %s', (query, address) => {
  expect(bundleAddress(new URL(`http://localhost/app/?${query}`)).href).toBe(address)
})
