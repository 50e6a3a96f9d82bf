/** The shelf that was just counted: put right, named, saved. */

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Camera, GraduationCap, Save, Trash2 } from 'lucide'
import type { Audit, Words } from './audit'
import { corrected, current } from './audit'
import { Button, Confirm, Notice, PageTitle, Slider } from './components'
import { SCORE_FLOOR } from './shelf'
import { defaultScore, discard, draft, draftAudit, draftNamed, keepCorrections, keptAudit, left, setMinScore } from './draft'
import { number, score } from './format'
import { toJpeg } from './picture'
import { ExportBar, Review } from './review'
import { go, goForGood } from './route'
import { embedder, tell } from './session'
import { lastWords } from './settings'
import { addAudit, keep } from './store'
import { t } from './strings'
import { teachLike } from './teaching'
import { WordsDialog } from './words'

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
    const called = named?.vectors ? await teachLike(now.shelf.picture, facings, named.vectors, which, brand) : brand
    // Meanwhile another photo may have been counted, or this one from another score on.
    if (draft.value?.shelf !== now.shelf || draft.value.minScore !== now.minScore) return
    const after = draftAudit.value
    const facing = after && current(after).find((each) => each.number === which)?.facing
    // What the gallery does not call so after all, and what was added by hand, the user calls so.
    const told = after && facing && (which >= after.found.length || facing.brand !== called)
    if (told) keepCorrections(corrected(after, which, { box: facing.box, brand: called }).corrections)
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
              text={score(now.minScore)}
              hint={`${t('review.score-hint', { start: score(defaultScore()) })} ${t('review.took', { seconds: number(now.shelf.ms / 1000, 1) })}`}
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

/** Saves an audit with its words; what fails stays on the screen, with export as a way out. */
function SaveDialog({ audit, looks, picture, onClose }: { audit: Audit; looks: boolean; picture: ImageBitmap; onClose: () => void }): JSX.Element {
  const save = async (words: Words): Promise<void> => {
    const id = await addAudit({ ...audit, ...words }, await toJpeg(picture))
    lastWords.value = { store: words.store, shelf: words.shelf, category: words.category }
    void keep()
    goForGood('history', id)
    await discard()
    tell('success', t('review.saved'))
  }
  return (
    <WordsDialog
      title={t('review.save-title')}
      words={{ ...lastWords.value, note: '' }}
      hint={looks ? t('save.looks') : undefined}
      wayOut={(words) => <ExportBar audit={{ ...audit, ...words }} picture={picture} />}
      onSave={save}
      onClose={onClose}
    />
  )
}
