/** The frame around the pages: the head, the way between pages, what the user is told. */

import type { JSX } from 'preact'
import { useEffect, useErrorBoundary, useRef } from 'preact/hooks'
import { effect } from '@preact/signals'
import { Camera, GraduationCap, History, RefreshCw, Settings, Wrench } from 'lucide'
import type { IconNode } from 'lucide'
import { Button, Confirm, Icon, Messages, Notice, PageTitle, Waiting, useBusy } from './components'
import { CountPage, countCutOff, counting } from './count-page'
import { cutOff, forgetCutOff } from './cut-off'
import { draft, forgetLeft, goOn, left, leftUnsaved } from './draft'
import { megabytes, when } from './format'
import { HistoryPage } from './history-page'
import { sweeping } from './live'
import { offline } from './network'
import { addressOf, go, route } from './route'
import type { Page } from './route'
import { ask, failure, loaded, phase, question, reason, start, tell } from './session'
import { theme } from './settings'
import { SettingsPage } from './settings-page'
import { ShelfPage } from './shelf-page'
import type { StoredSweep } from './store'
import { language, t } from './strings'
import { TeachPage } from './teach-page'
import { brief } from './text'
import { leaving, repair } from './updates'

const TABS: { page: Page; icon: IconNode; label: 'nav.count' | 'nav.teach' | 'nav.history' | 'nav.settings' }[] = [
  { page: 'count', icon: Camera, label: 'nav.count' },
  { page: 'teach', icon: GraduationCap, label: 'nav.teach' },
  { page: 'history', icon: History, label: 'nav.history' },
  { page: 'settings', icon: Settings, label: 'nav.settings' },
]

document.documentElement.lang = language()

effect(() => {
  const root = document.documentElement
  if (theme.value === 'system') delete root.dataset.theme
  else root.dataset.theme = theme.value
})

// A count that is not saved is not to be lost by a slip of the finger.
addEventListener('beforeunload', (event) => {
  if ((draft.value || sweeping.value) && !leaving) event.preventDefault()
})

export function App(): JSX.Element {
  const { page, audit } = route.value
  const title = t(page === 'shelf' ? 'review.title' : `nav.${page}`)
  const content = useRef<HTMLDivElement>(null)
  const first = useRef(true)
  useEffect(() => {
    document.title = `${t('app.name')} · ${title}`
    if (!first.current) {
      scrollTo(0, 0)
      content.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true })
    }
    first.current = false
  }, [page, audit])
  const tab = page === 'shelf' ? 'count' : page
  return (
    <div class="app">
      <button type="button" class="skip" onClick={() => content.current?.querySelector<HTMLElement>('h1')?.focus()}>
        {t('app.skip')}
      </button>
      <header class="head">
        <a class="brand" href={addressOf('count')}>
          <img src="icons/icon.svg" width="28" height="28" alt="" />
          <span>{t('app.name')}</span>
        </a>
        {offline.value && (
          <span class="chip" role="status" title={t('app.offline')}>
            {t('app.offline-short')}
          </span>
        )}
        <nav aria-label={t('nav.label')}>
          {TABS.map(({ page: to, icon, label }) => (
            <a key={to} href={addressOf(to === 'count' && draft.value ? 'shelf' : to)} aria-current={tab === to ? 'page' : undefined}>
              <Icon of={icon} size={22} />
              <span>{t(label)}</span>
            </a>
          ))}
        </nav>
      </header>
      <Messages />
      {phase.value === 'ready' && left.value && <LeftDraft time={left.value.draft.time} />}
      {phase.value === 'ready' && cutOff.value && <CutOff of={cutOff.value} />}
      {question.value && (
        <Confirm
          question={question.value.text}
          yes={question.value.yes}
          onYes={() => question.value?.answer(true)}
          onNo={() => question.value?.answer(false)}
        />
      )}
      <div class="content" ref={content}>
        <Guarded key={`${page}/${audit}`} title={title}>
          <Content page={page} audit={audit} />
        </Guarded>
      </div>
    </div>
  )
}

/** The way back to a count that a page before this one left behind. */
function LeftDraft({ time }: { time: Date }): JSX.Element {
  const [busy, during] = useBusy()
  const resume = async (): Promise<void> => {
    try {
      await goOn()
      if (draft.value) go('shelf')
    } catch (error) {
      tell('error', t('draft.failed', { detail: reason(error) }))
    }
  }
  const forget = async (): Promise<void> => {
    if (!leftUnsaved() || (await ask(t('review.discard-question'), t('review.discard')))) forgetLeft()
  }
  return (
    <section class="left-draft" aria-label={t('draft.label')}>
      <Notice kind="info">
        <span>{t('draft.left', { time: when(time) })}</span>
        <Button label={t('draft.go-on')} kind="primary" busy={busy} onClick={() => during(resume)} />
        <Button label={t('review.discard')} disabled={busy} onClick={() => void forget()} />
      </Notice>
    </section>
  )
}

/** The way to what a camera had counted, or a picture that was being counted, when its page was ended. */
function CutOff({ of }: { of: StoredSweep }): JSX.Element {
  const what = of.sweep?.unique ? 'sweep' : 'picture'
  const open = (): Promise<void> => countCutOff().catch((error) => tell('error', t('draft.failed', { detail: reason(error) })))
  const forget = async (): Promise<void> => {
    if (await ask(t('review.discard-question'), t('review.discard'))) forgetCutOff()
  }
  return (
    <section class="left-draft" aria-label={t(`${what}.label`)}>
      <Notice kind="info">
        <span>{t(`${what}.left`, { n: of.sweep?.unique ?? 0, name: brief(of.name, 60), time: when(of.time) })}</span>
        <Button label={t(`${what}.open`)} kind="primary" busy={counting.value} onClick={() => void open()} />
        <Button label={t('review.discard')} disabled={counting.value} onClick={() => void forget()} />
      </Notice>
    </section>
  )
}

/** One broken page does not take the others with it. */
function Guarded({ title, children }: { title: string; children: JSX.Element }): JSX.Element {
  const [error, reset] = useErrorBoundary()
  if (!error) return children
  return (
    <main class="page">
      <PageTitle>{title}</PageTitle>
      <div role="alert">
        <Notice kind="error">{t('app.broken', { detail: reason(error) })}</Notice>
      </div>
      <div class="buttons">
        <Button label={t('app.retry')} icon={RefreshCw} kind="primary" onClick={reset} />
        <Button label={t('failure.history')} onClick={() => go('history')} />
      </div>
    </main>
  )
}

function Content({ page, audit }: { page: Page; audit: number | null }): JSX.Element {
  if (page === 'history') return <HistoryPage audit={audit} />
  if (page === 'settings') return <SettingsPage />
  if (phase.value === 'failed') return <FailurePage />
  if (phase.value !== 'ready') {
    return (
      <main class="page start">
        <PageTitle>{t('app.name')}</PageTitle>
        <Waiting>{t('app.loading')}</Waiting>
        <LoadProgress />
      </main>
    )
  }
  if (page === 'shelf') return <ShelfPage />
  if (page === 'teach') return <TeachPage />
  return <CountPage />
}

/** How much of the model has come; nothing where it is on the device. */
function LoadProgress(): JSX.Element | null {
  if (!loaded.value?.wanted) return null
  const { came, wanted } = loaded.value
  return (
    <label class="progress">
      <span>{t('app.loaded', { came: megabytes(came), wanted: megabytes(wanted) })}</span>
      <progress value={came} max={wanted} />
    </label>
  )
}

function FailurePage(): JSX.Element {
  return (
    <main class="page">
      <PageTitle>{t('failure.title')}</PageTitle>
      <div role="alert">
        <Notice kind="error">{failure.value?.text}</Notice>
      </div>
      <p class="hint">{t('failure.hint')}</p>
      <div class="buttons">
        <Button label={t('app.retry')} icon={RefreshCw} kind="primary" onClick={() => void start()} />
        <Button label={t('app.repair')} icon={Wrench} disabled={offline.value} onClick={repair} />
        <Button label={t('failure.history')} icon={History} onClick={() => go('history')} />
      </div>
    </main>
  )
}
