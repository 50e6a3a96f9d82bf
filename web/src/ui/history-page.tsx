/** Saved audits: the list with shares over time, and one of them opened. */

import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { signal } from '@preact/signals'
import { Camera, ChevronLeft, Download, Pencil, Trash2 } from 'lucide'
import type { Audit } from './audit'
import { matches, ofOneShelf, sharesOf, titleOf } from './audit'
import { TrendChart, largest } from './charts'
import { Button, Confirm, Icon, Notice, PageTitle, TextField, Waiting } from './components'
import { asFile, countedIn, download, namesOf } from './download'
import { when } from './format'
import { colorsOf } from './palette'
import { Review } from './review'
import { addressOf, go } from './route'
import { gallery, reason, tell } from './session'
import { AuditWriter, ChangedError, deleteAudit, listAudits, openAudit } from './store'
import type { StoredAudit } from './store'
import { t } from './strings'
import { brief } from './text'
import { WordsDialog } from './words'

/** The list as it was left, for the way back from an audit. */
const words = signal('')
let scrolled = 0 // pixels

export function HistoryPage({ audit }: { audit: number | null }): JSX.Element {
  return audit === null ? <AuditList /> : <OneAudit key={audit} id={audit} />
}

/** What `read` gives, read again when `key` changes. */
function useRead<T>(read: () => Promise<T>, key: unknown): { value?: T; problem: string } {
  const [state, setState] = useState<{ value?: T; problem: string }>({ problem: '' })
  useEffect(() => {
    let over = false
    read().then(
      (value) => !over && setState({ value, problem: '' }),
      (error: unknown) => !over && setState({ problem: reason(error) }),
    )
    return () => void (over = true)
  }, [key])
  return state
}

const FEW = 3 // audits, which need no search

function AuditList(): JSX.Element {
  const [round, setRound] = useState(0)
  const [going, setGoing] = useState<StoredAudit | null>(null)
  const { value: audits, problem } = useRead(listAudits, round)
  const searchable = (audits?.length ?? 0) > FEW
  const asked = searchable ? words.value : ''
  const found = useMemo(() => (audits ?? []).filter((audit) => matches(audit, asked)), [audits, asked])
  useEffect(() => {
    if (audits && scrolled) scrollTo(0, scrolled)
    if (audits) scrolled = 0
  }, [audits])

  const remove = async (audit: StoredAudit): Promise<void> => {
    try {
      await deleteAudit(audit.id)
      tell('success', t('history.deleted'))
    } catch (error) {
      tell('error', t('history.delete-failed', { detail: reason(error) }))
    }
    setGoing(null)
    setRound(round + 1)
  }
  return (
    <main class="page">
      <PageTitle>{t('history.title')}</PageTitle>
      {problem && <Notice kind="error">{t('history.failed', { detail: problem })}</Notice>}
      {!audits && !problem && <Waiting>{t('history.loading')}</Waiting>}
      {audits?.length === 0 && (
        <div class="empty">
          <p>{t('history.empty')}</p>
          <div class="buttons">
            <Button label={t('history.go')} icon={Camera} kind="primary" onClick={() => go('count')} />
          </div>
        </div>
      )}
      {!!audits?.length && (
        <>
          {searchable && <TextField label={t('history.search')} value={words.value} onInput={(text) => (words.value = text)} />}
          {found.length > 0 ? <Trend audits={found} /> : <p class="hint">{t('history.none-found')}</p>}
          <section>
            <h2>{t('history.count', { n: found.length })}</h2>
            <ul class="audits">
              {found.map((audit) => (
                <AuditRow key={audit.id} audit={audit} onDelete={() => setGoing(audit)} />
              ))}
            </ul>
            {found.length > 0 && <ExportAll audits={found} />}
          </section>
        </>
      )}
      {going && (
        <Confirm
          question={t('history.delete-question', { title: brief(titleOf(going)), time: when(going.time) })}
          yes={t('history.delete')}
          onYes={() => remove(going)}
          onNo={() => setGoing(null)}
        />
      )}
    </main>
  )
}

function AuditRow({ audit, onDelete }: { audit: StoredAudit; onDelete: () => void }): JSX.Element {
  const title = titleOf(audit)
  const facings = useMemo(() => countedIn(audit), [audit])
  return (
    <li class="audit-row">
      <a href={addressOf('history', audit.id)} onClick={() => (scrolled = scrollY)}>
        <strong>
          <bdi>{brief(title)}</bdi>
        </strong>
        <span class="hint">
          {when(audit.time)} · {facings}
          {audit.category && (
            <>
              {' · '}
              <bdi>{brief(audit.category, 30)}</bdi>
            </>
          )}
        </span>
      </a>
      <Button label={`${t('history.delete')}: ${brief(title, 30)}, ${when(audit.time)}`} icon={Trash2} bare onClick={onDelete} />
    </li>
  )
}

const MOST_POINTS = 60

/** How the shares of one shelf change: those of different shelves have nothing to do with each other. */
function Trend({ audits }: { audits: readonly StoredAudit[] }): JSX.Element {
  const known = gallery.value
  const points = useMemo(
    () => ofOneShelf(audits).slice(0, MOST_POINTS).reverse().map((audit) => ({ title: titleOf(audit), time: audit.time, shares: sharesOf(audit) })),
    [audits],
  )
  const colors = colorsOf(namesOf(largest(points, 100), known?.brands), known?.colors)
  return (
    <section class="card">
      <h2>{t('history.trend')}</h2>
      {points.length > 1 ? (
        <>
          <p class="hint">
            <bdi>{brief(points[points.length - 1].title)}</bdi>
          </p>
          <TrendChart points={points} colors={colors} />
        </>
      ) : (
        <p class="hint">{t('history.trend-hint')}</p>
      )}
    </section>
  )
}

function ExportAll({ audits }: { audits: readonly StoredAudit[] }): JSX.Element {
  const save = async (kind: 'csv' | 'shares' | 'json'): Promise<void> => {
    try {
      download(await asFile(kind, audits))
    } catch (error) {
      tell('error', t('export.failed', { detail: reason(error) }))
    }
  }
  return (
    <div class="buttons">
      <span class="buttons-label">{t('history.export-all')}:</span>
      <Button label={t('export.csv')} icon={Download} onClick={() => save('csv')} />
      <Button label={t('export.shares')} icon={Download} onClick={() => save('shares')} />
      <Button label={t('export.json')} icon={Download} onClick={() => save('json')} />
    </div>
  )
}

function OneAudit({ id }: { id: number }): JSX.Element {
  const { value: opened, problem } = useRead(() => openAudit(id), id)
  const [changed, setChanged] = useState<StoredAudit | null>(null)
  const [picture, setPicture] = useState<ImageBitmap | null>(null)
  const [going, setGoing] = useState(false)
  const [editing, setEditing] = useState(false)
  const writer = useRef<AuditWriter | null>(null)
  const file = opened?.picture ?? null
  useEffect(() => {
    let made: ImageBitmap | null = null
    let over = false
    if (file)
      createImageBitmap(file).then(
        (bitmap) => {
          made = bitmap
          if (over) bitmap.close()
          else setPicture(bitmap)
        },
        () => {}, // the page says that it is gone
      )
    return () => {
      over = true
      made?.close()
    }
  }, [file])

  const [deleted, setDeleted] = useState(false) // in another tab
  const audit = deleted ? null : (changed ?? opened?.audit ?? null)
  const change = async (next: Audit): Promise<void> => {
    if (!audit) return
    const kept: StoredAudit = { ...next, id }
    setChanged(kept)
    writer.current ??= new AuditWriter(audit)
    await writer.current.write(kept).catch(async (error: unknown) => {
      if (!(error instanceof ChangedError)) return tell('error', t('history.not-updated', { detail: reason(error) }))
      const newer = await openAudit(id).catch(() => null)
      writer.current = null
      setChanged(newer?.audit ?? null)
      setDeleted(!newer)
      tell('error', t(newer ? 'history.changed' : 'history.gone'))
    })
  }
  const remove = async (): Promise<void> => {
    try {
      await deleteAudit(id)
      tell('success', t('history.deleted'))
      go('history')
    } catch (error) {
      tell('error', t('history.delete-failed', { detail: reason(error) }))
    }
    setGoing(false)
  }
  return (
    <main class="page">
      <a class="back" href={addressOf('history')}>
        <Icon of={ChevronLeft} /> {t('history.back')}
      </a>
      <PageTitle>{audit ? <bdi>{brief(titleOf(audit))}</bdi> : t('history.title')}</PageTitle>
      {problem && <Notice kind="error">{t('history.failed', { detail: problem })}</Notice>}
      {(opened === null || deleted) && <p>{t('history.gone')}</p>}
      {opened === undefined && !problem && <Waiting>{t('history.loading')}</Waiting>}
      {audit && (
        <>
          <p class="hint">
            {t('history.by', { model: brief(audit.model), time: when(audit.time) })}
            {audit.category && (
              <>
                {' · '}
                <bdi>{brief(audit.category)}</bdi>
              </>
            )}
          </p>
          {audit.note && (
            <p class="note" dir="auto">
              {brief(audit.note, 2000)}
            </p>
          )}
          <Review audit={audit} picture={picture} onChange={(next) => void change(next)}>
            <div class="buttons">
              <Button label={t('review.again')} icon={Camera} kind="primary" onClick={() => go('count')} />
              <Button label={t('history.edit')} icon={Pencil} onClick={() => setEditing(true)} />
              <Button label={t('history.delete')} icon={Trash2} kind="danger" onClick={() => setGoing(true)} />
            </div>
          </Review>
        </>
      )}
      {editing && audit && (
        <WordsDialog
          title={t('history.edit-title')}
          words={audit}
          onSave={async (words) => {
            await change({ ...audit, ...words })
            setEditing(false)
          }}
          onClose={() => setEditing(false)}
        />
      )}
      {going && audit && (
        <Confirm
          question={t('history.delete-question', { title: brief(titleOf(audit)), time: when(audit.time) })}
          yes={t('history.delete')}
          onYes={remove}
          onNo={() => setGoing(false)}
        />
      )}
    </main>
  )
}
