/** Settings: what calculates, how sure, how it looks, and the room on the device. */

import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { BadgeCheck, Download, Gauge, Trash2 } from 'lucide'
import { ENGINES, chooseProbe } from '../core'
import type { Engine } from '../core'
import { Button, Confirm, Notice, PageTitle, SelectField, Slider, Spinner, useBusy } from './components'
import { forgetCutOff } from './cut-off'
import { chooseScores, chosenScores, defaultScore, discard, forgetLeft } from './draft'
import { megabytes, number, score } from './format'
import { selfTest } from './golden'
import type { SelfTest } from './golden'
import { install, installable } from './install'
import { offline } from './network'
import { auditor, bundle, bundled, chooseGallery, description, listGalleries, measure, reason, running, tell, usePlan } from './session'
import { chosenEngine, chosenSize, galleryName, lastWords, measured, noWords, theme } from './settings'
import type { Theme } from './settings'
import { SCORE_FLOOR } from './shelf'
import { clearStore, keep, room } from './store'
import type { Room } from './store'
import { t } from './strings'
import { brief } from './text'

const SIZES = [256, 320, 384, 448, 512, 640]

export function SettingsPage(): JSX.Element {
  return (
    <main class="page">
      <PageTitle>{t('settings.title')}</PageTitle>
      <div class="columns">
        {description.value && (
          <>
            <EngineCard />
            <ScoreCard />
          </>
        )}
        <section class="card">
          <SelectField<Theme>
            label={t('settings.theme')}
            value={theme.value}
            options={[
              { value: 'system', label: t('settings.theme-system') },
              { value: 'light', label: t('settings.theme-light') },
              { value: 'dark', label: t('settings.theme-dark') },
            ]}
            onChange={(value) => (theme.value = value)}
          />
          {installable.value && <Button label={t('settings.install')} icon={Download} onClick={() => void install()} />}
        </section>
        <StorageCard />
        {bundle.value && <AboutCard />}
      </div>
    </main>
  )
}

function EngineCard(): JSX.Element {
  const [busy, during] = useBusy()
  const [checked, setChecked] = useState<SelfTest | null>(null)
  const probes = measured.value?.probes ?? []
  const best = chooseProbe(probes)
  const now = running.value
  const config = description.value!.detector.config
  const labelOf = (engine: Engine): string => {
    const probe = chooseProbe(probes.filter((each) => each.engine === engine))
    const told = probe ? t('settings.engine-ms', { ms: number(probe.ms), size: probe.size }) : t('settings.engine-not')
    return `${t(`engine.${engine}`)}: ${told}`
  }
  const auto = { value: 'auto' as const, label: best ? t('settings.engine-auto', { engine: t(`engine.${best.engine}`) }) : t('settings.engine-surest') }
  const choose = async (value: Engine | 'auto'): Promise<void> => {
    chosenEngine.value = value === 'auto' ? null : value
    if (!(await usePlan())) chosenEngine.value = null
  }
  const again = async (): Promise<void> => {
    try {
      await measure()
    } catch (error) {
      tell('error', reason(error))
    }
  }
  const check = async (): Promise<void> => {
    const [auditing, from] = [auditor.value, bundle.value]
    if (!auditing || !from) return
    try {
      setChecked(await selfTest(auditing, from))
    } catch (error) {
      tell('error', t('settings.check-broken', { detail: reason(error) }))
    }
  }
  const checkText = (test: SelfTest): string =>
    t(test.passed ? 'settings.check-passed' : 'settings.check-failed', {
      facings: test.facings,
      expected: test.expected,
      unmatched: test.unmatched,
      moved: number(test.moved, 2),
      ms: number(test.ms),
      engine: now ? t(`engine.${now.engine}`) : '',
    })
  const resize = async (value: string): Promise<void> => {
    chosenSize.value = value === 'auto' ? null : Number(value)
    await usePlan()
  }
  const autoSize = { value: 'auto', label: t('settings.size-auto') }
  const sizes = [...new Set([...SIZES, config.live_size])].sort((a, b) => a - b)
  return (
    <section class="card">
      <SelectField<Engine | 'auto'>
        label={t('settings.engine')}
        value={chosenEngine.value ?? 'auto'}
        options={[auto, ...ENGINES.map((engine) => ({ value: engine, label: labelOf(engine) }))]}
        hint={t('settings.engine-hint')}
        disabled={busy}
        onChange={(value) => void during(() => choose(value))}
      />
      {now && (
        <p class="hint" data-engine={now.engine}>
          {busy && <Spinner />} {t(`engine.${now.engine}`)} · {t('settings.size-pixels', { size: now.size })} · {t('settings.isolated')}: {t(crossOriginIsolated ? 'settings.yes' : 'settings.no')}
        </p>
      )}
      <div class="buttons">
        <Button label={t('settings.measure')} icon={Gauge} disabled={busy} onClick={() => during(again)} />
        {description.value?.golden && !offline.value && (
          <Button label={t('settings.check')} icon={BadgeCheck} hint={t('settings.check-hint')} disabled={busy} onClick={() => during(check)} />
        )}
      </div>
      {checked && <Notice kind={checked.passed ? 'success' : 'error'}>{checkText(checked)}</Notice>}
      {config.resize === 'fit' && (
        <SelectField
          label={t('settings.size')}
          value={chosenSize.value === null ? 'auto' : String(chosenSize.value)}
          options={[autoSize, ...sizes.map((size) => ({ value: String(size), label: t('settings.size-pixels', { size }) }))]}
          hint={t('settings.size-hint', { size: config.live_size })}
          disabled={busy}
          onChange={(value) => void during(() => resize(value))}
        />
      )}
    </section>
  )
}

function ScoreCard(): JSX.Element {
  const config = description.value!.detector.config
  const range = { min: SCORE_FLOOR, max: 0.95, step: 0.01 }
  const chosen = chosenScores()
  const { photo = defaultScore(), live = config.live_min_score } = chosen
  return (
    <section class="card">
      <h2>{t('settings.scores')}</h2>
      <Slider label={t('settings.score-photo')} {...range} value={photo} text={score(photo)} onInput={(value) => chooseScores({ ...chosen, photo: value })} />
      <Slider label={t('settings.score-live')} {...range} value={live} text={score(live)} onInput={(value) => chooseScores({ ...chosen, live: value })} />
      <Button
        label={t('settings.score-reset')}
        disabled={chosen.photo === undefined && chosen.live === undefined}
        onClick={() => chooseScores({})}
      />
    </section>
  )
}

/** Delete what the user has made on this device; the settings stay. @throws StoreError it could not be. */
export async function clearAll(): Promise<void> {
  await clearStore()
  await discard()
  forgetLeft()
  forgetCutOff()
  lastWords.value = noWords
  galleryName.value = null
  await chooseGallery(bundled.value?.name ?? '', false) // as at the first start
  await listGalleries()
}

function StorageCard(): JSX.Element {
  const [state, setState] = useState<Room | null>(null)
  const [asking, setAsking] = useState(false)
  const read = (): void => void room().then(setState, () => setState(null))
  useEffect(read, [])
  const ask = async (): Promise<void> => {
    if (!(await keep())) tell('info', t('settings.storage-refused'))
    read()
  }
  const clear = async (): Promise<void> => {
    try {
      await clearAll()
      tell('success', t('settings.cleared'))
    } catch (error) {
      tell('error', t('history.delete-failed', { detail: reason(error) }))
    }
    setAsking(false)
    read()
  }
  return (
    <section class="card">
      <h2>{t('settings.storage')}</h2>
      {state ? (
        <>
          <meter min={0} max={state.quota || 1} value={state.used} aria-label={t('settings.storage')} />
          <p>{t('settings.storage-used', { used: megabytes(state.used), quota: megabytes(state.quota) })}</p>
          <p class="hint">{t(state.kept ? 'settings.storage-kept' : 'settings.storage-not-kept')}</p>
          {!state.kept && <Button label={t('settings.storage-keep')} onClick={ask} />}
        </>
      ) : (
        <p class="hint">{t('settings.storage-unknown')}</p>
      )}
      <Button label={t('settings.clear')} icon={Trash2} kind="danger" onClick={() => setAsking(true)} />
      {asking && <Confirm question={t('settings.clear-question')} yes={t('history.delete')} onYes={clear} onNo={() => setAsking(false)} />}
    </section>
  )
}

function AboutCard(): JSX.Element {
  const about = bundle.value!.description
  return (
    <section class="card">
      <h2>{t('settings.about')}</h2>
      <dl class="about">
        <dt>{t('settings.model')}</dt>
        <dd>
          {brief(about.name)} ({about.detector.precision})
        </dd>
        <dt>{t('settings.version')}</dt>
        <dd>
          {brief(about.skushare, 20)} · <code>{brief(about.version, 16)}</code>
        </dd>
        <dt>{t('settings.licence')}</dt>
        <dd>{brief(about.licence, 600)}</dd>
      </dl>
      <p class="hint">{t('settings.private')}</p>
    </section>
  )
}
