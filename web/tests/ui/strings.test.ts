import { expect, test } from 'vitest'
import { language, t } from '../../src/ui/strings'

test.each([
  [1, '1 facing'],
  [0, '0 facings'],
  [1234, '1,234 facings'],
])('%i has its form', (n, text) => expect(t('history.facings', { n })).toBe(text))

test('a value is never read as a further place to fill', () => {
  expect(t('export.text', { title: '{facings}', facings: t('history.facings', { n: 2 }), shares: '{title}' })).toBe('{facings}: 2 facings. {title}')
})

test('the minimum confidence is told by the word that tables and files have for it', () => {
  expect(t('review.score-hint', { start: '0.30' })).toContain('confidence is its score in tables and files')
})

test('a language without a dictionary falls back to English', () => {
  expect(language(['xx-YY'])).toBe('en')
  expect(language(['xx', 'en-GB'])).toBe('en-GB')
  expect(language([])).toBe('en')
})
