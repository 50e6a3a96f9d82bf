/** The shelf that was just counted: put right, named, saved. */

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Camera, GraduationCap, Save, Trash2 } from 'lucide'
import { tidy, tidyName } from '../core'
import type { Audit } from './audit'
import { corrected, current } from './audit'
import { Button, Confirm, Dialog, Notice, PageTitle, Slider, TextField } from './components'
import { SCORE_FLOOR } from './shelf'
import { defaultScore, discard, draft, draftAudit, draftNamed, keepCorrections, keptAudit, left, setMinScore } from './draft'
import { number, percent } from './format'
import { toJpeg } from './picture'
import { ExportBar, Review } from './review'
import { go, goForGood } from './route'
import { embedder, reason, tell } from './session'
import { lastWords } from './settings'
import { StoreError, addAudit, keep } from './store'
import { t } from './strings'
import { teachLike } from './teaching'

export function ShelfPage(): JSX.Element {
  const audit = draftAudit.value
  const kept = keptAudit.value
  const now = draft.value
  const [asking, setAsking] = useState(false)
  const [saving, setSaving] = useState(false)
  if (!audit || !kept || !now) {
    return (
      <main class="page">
        <PageTitle>{t('review.title')}</PageTitle>
        {!left.value && <p>{t('share.empty')}</p>}
        <div class="buttons">
          <Button label={t('history.go')} icon={Camera} kind="primary" onClick={() => go('count')} />
        </div>
      </main>
    )
  }
  const leave = (): void => {
    go('count')
    discard()
  }
  const teach = async (which: number, brand: string): Promise<void> => {
    const named = draftNamed.value
    const there = new Map(current(audit).map((each) => [each.number, each.facing]))
    const facings = (named?.facings ?? []).map((facing, i) => (there.has(i) ? { ...facing, brand: there.get(i)!.brand } : null))
    if (named?.vectors) await teachLike(now.shelf.picture, facings, named.vectors, which, brand)
    // Meanwhile another photo may have been counted, or this one from another score on.
    if (draft.value?.shelf !== now.shelf || draft.value.minScore !== now.minScore) return
    const after = draftAudit.value
    const facing = after && current(after).find((each) => each.number === which)?.facing
    // What the gallery does not call so after all, and what was added by hand, the user calls so.
    const told = after && facing && (which >= after.found.length || facing.brand !== brand)
    if (told) keepCorrections(corrected(after, which, { box: facing.box, brand }).corrections)
  }
  return (
    <main class="page">
      <PageTitle>{t('review.title')}</PageTitle>
      {!audit.found.length && <Notice kind="info">{t('review.no-facing')}</Notice>}
      <Review
        audit={audit}
        exported={kept}
        picture={now.shelf.picture}
        looks={draftNamed.value?.looks}
        onChange={(next) => keepCorrections(next.corrections)}
        onTeach={embedder.value ? teach : undefined}
        footer={
          <section class="card">
            <Slider
              label={t('review.score')}
              value={now.minScore}
              min={SCORE_FLOOR}
              max={0.95}
              step={0.01}
              text={percent(now.minScore)}
              hint={`${t('review.score-hint', { start: percent(defaultScore()) })} ${t('review.took', { seconds: number(now.shelf.ms / 1000, 1) })}`}
              onChange={setMinScore}
            />
          </section>
        }
      >
        <div class="buttons">
          <Button label={t('review.save')} icon={Save} kind="primary" onClick={() => setSaving(true)} />
          {embedder.value && <Button label={t('share.teach')} icon={GraduationCap} onClick={() => go('teach')} />}
          <Button label={t('review.discard')} icon={Trash2} onClick={() => setAsking(true)} />
        </div>
      </Review>
      {saving && <SaveDialog audit={kept} looks={!!draftNamed.value?.looks.size} picture={now.shelf.picture} onClose={() => setSaving(false)} />}
      {asking && <Confirm question={t('review.discard-question')} yes={t('review.discard')} onYes={leave} onNo={() => setAsking(false)} />}
    </main>
  )
}

/** The words of an audit and the button that saves it; what fails stays on the screen, with export as a way out. */
function SaveDialog({ audit, looks, picture, onClose }: { audit: Audit; looks: boolean; picture: ImageBitmap; onClose: () => void }): JSX.Element {
  const [words, setWords] = useState({ ...lastWords.value, note: '' })
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const put = (change: Partial<typeof words>): void => setWords({ ...words, ...change })
  const clean = { store: tidyName(words.store), shelf: tidyName(words.shelf), category: tidyName(words.category), note: tidy(words.note) }
  const save = async (): Promise<void> => {
    setBusy(true)
    setProblem('')
    try {
      const id = await addAudit({ ...audit, ...clean }, await toJpeg(picture))
      lastWords.value = { store: clean.store, shelf: clean.shelf, category: clean.category }
      void keep()
      goForGood('history', id)
      await discard()
      tell('success', t('review.saved'))
    } catch (error) {
      const full = error instanceof StoreError && error.full
      setProblem(full ? t('save.full') : t('save.failed', { detail: reason(error) }))
      setBusy(false)
    }
  }
  return (
    <Dialog title={t('review.save-title')} busy={busy} onClose={onClose}>
      <TextField label={t('words.store')} value={words.store} onInput={(store) => put({ store })} />
      <TextField label={t('words.shelf')} value={words.shelf} onInput={(shelf) => put({ shelf })} />
      <TextField label={t('words.category')} value={words.category} onInput={(category) => put({ category })} />
      <TextField label={t('words.note')} value={words.note} longest={20_000} lines={2} onInput={(note) => put({ note })} />
      {looks && <p class="hint">{t('save.looks')}</p>}
      {problem && (
        <div role="alert">
          <Notice kind="error">{problem}</Notice>
          <ExportBar audit={{ ...audit, ...clean }} picture={picture} />
        </div>
      )}
      <div class="buttons end">
        <Button label={t('app.cancel')} disabled={busy} onClick={onClose} />
        <Button label={t('review.save')} icon={Save} kind="primary" busy={busy} onClick={() => void save()} />
      </div>
    </Dialog>
  )
}
