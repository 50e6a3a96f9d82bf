/** The words that people write about an audit: when it is saved, and later. */

import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Save } from 'lucide'
import { tidy, tidyName } from '../core'
import type { Words } from './audit'
import { Button, Dialog, Notice, TextField, useBusy } from './components'
import { reason } from './session'
import { StoreError } from './store'
import { t } from './strings'

/** Asks for words, `words` at first; what `onSave` throws is told, with a `wayOut`. */
export function WordsDialog(props: {
  title: string
  words: Words
  hint?: string
  wayOut?: (words: Words) => ComponentChildren
  onSave: (words: Words) => Promise<void>
  onClose: () => void
}): JSX.Element {
  const [words, setWords] = useState(props.words)
  const [busy, during] = useBusy()
  const [problem, setProblem] = useState('')
  const put = (change: Partial<Words>): void => setWords({ ...words, ...change })
  const clean = { store: tidyName(words.store), shelf: tidyName(words.shelf), category: tidyName(words.category), note: tidy(words.note) }
  const save = async (): Promise<void> => {
    setProblem('')
    try {
      await props.onSave(clean)
    } catch (error) {
      const full = error instanceof StoreError && error.full
      setProblem(full ? t('save.full') : t('save.failed', { detail: reason(error) }))
    }
  }
  return (
    <Dialog title={props.title} busy={busy} onClose={props.onClose}>
      <TextField label={t('words.store')} value={words.store} onInput={(store) => put({ store })} />
      <TextField label={t('words.shelf')} value={words.shelf} onInput={(shelf) => put({ shelf })} />
      <TextField label={t('words.category')} value={words.category} onInput={(category) => put({ category })} />
      <TextField label={t('words.note')} value={words.note} longest={20_000} lines={2} onInput={(note) => put({ note })} />
      {props.hint && <p class="hint">{props.hint}</p>}
      {problem && (
        <div role="alert">
          <Notice kind="error">{problem}</Notice>
          {props.wayOut?.(clean)}
        </div>
      )}
      <div class="buttons end">
        <Button label={t('app.cancel')} disabled={busy} onClick={props.onClose} />
        <Button label={t('review.save')} icon={Save} kind="primary" busy={busy} onClick={() => during(save)} />
      </div>
    </Dialog>
  )
}
