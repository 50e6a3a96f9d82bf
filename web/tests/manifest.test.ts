import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const manifest = JSON.parse(readFileSync(new URL('../public/manifest.webmanifest', import.meta.url), 'utf8')) as { id?: string; start_url: string }

/** What a phone knows the app in `folder` by: where it starts, or an `id`, which counts from the host's root whatever the folder. */
function identity(folder: string): string {
  const start = new URL(manifest.start_url, folder)
  return manifest.id ? new URL(manifest.id, start.origin).href : start.href
}

test('bundles at one host are different apps on the home screen', () => {
  expect(identity('https://host.test/drinks/')).not.toBe(identity('https://host.test/snacks/'))
})
