/** The first page: count what the camera sees, or a photo. */

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { effect, signal } from '@preact/signals'
import { Camera as CameraIcon, Flashlight, Image, RotateCcw, Snowflake, SwitchCamera, VideoOff } from 'lucide'
import { LONGEST_NAME, tidyName } from '../core'
import { CameraError, CameraInUse, listCameras } from './camera'
import type { Camera, CameraFault } from './camera'
import { ShareChart } from './charts'
import type { Measure } from './charts'
import { Button, FileButton, Icon, Metric, Notice, PageTitle, Segments, Slider, Waiting, useBusy } from './components'
import { cutOff, forgetCutOff, putAside, takeBack } from './cut-off'
import type { Aside } from './cut-off'
import { begin, chosenScores, draft, draftAudit, leftUnsaved, unsaved, written } from './draft'
import { number } from './format'
import { readGolden, readSample } from './golden'
import { Live, looking, sweeping } from './live'
import type { LiveOptions } from './live'
import { LiveLooks } from './looks'
import { SIDES, colorsOf } from './palette'
import { PictureError, readPicture, toJpeg } from './picture'
import { offline } from './network'
import { MeasureChoice, SidesChoice, measureOf } from './reckoned'
import { go, guardLeaving, route } from './route'
import { ask, auditor, bundle, description, embedder, forgetFiles, gallery, labelled, measureOnce, reason, retract, running, tell, tellOfFile } from './session'
import { countShelf } from './shelf'
import type { CountedSweep, Shelf } from './shelf'
import { t } from './strings'
import { brief } from './text'

const MEASURE_AFTER = 3000 // ms: the first result comes before a better engine is looked for

/** Whether a picture is being counted, on whichever page that was begun: one at a time. */
export const counting = signal(false)

/** Do `work`, which counts a picture. */
export async function whileCounting(work: () => Promise<void>): Promise<void> {
  counting.value = true
  forgetFiles()
  try {
    await work()
  } finally {
    counting.value = false
  }
}

/** Whether what the camera has counted may be lost, where it has; asks. */
function mayLoseSweep(): Promise<boolean> | null {
  return sweeping.value ? ask(t('count.leave'), t('count.leave-yes')) : null
}

guardLeaving(mayLoseSweep)

/** Have `live` count anew, where what it has counted may be lost. */
export async function countAnew(live: Pick<Live, 'reset'> | null): Promise<void> {
  if ((await mayLoseSweep()) !== false) live?.reset()
}

type About = Pick<Shelf, 'name' | 'source' | 'sweep'>

/** Do `work`, which counts `picture`: that is kept on the device meanwhile. */
async function keptMeanwhile(picture: Blob | Promise<Blob>, about: About, work: () => Promise<unknown>): Promise<void> {
  putAside(async () => ({ ...about, picture: await picture }))
  try {
    await work()
  } finally {
    takeBack(written())
  }
}

/**
 * Count `picture` as a photo and show what was found; a user who has gone to another page meanwhile is told.
 *
 * @param time when the shelf looked so; default now.
 * @returns whether it is the draft now.
 */
async function count(picture: ImageBitmap, about: About, time?: Date): Promise<boolean> {
  if (!auditor.value) return false
  const [before, from] = [draft.value, route.value.page]
  const shelf = await countShelf(auditor.value, picture, about)
  // What was there at the beginning was given up; there may be corrections of something else by now.
  if (draft.value !== before && !(await mayReplace())) {
    picture.close()
    return false
  }
  const made = time ? { ...shelf, time } : shelf
  begin(made)
  looking.value = null // its sweep goes with the draft, or the user has said that it may
  const to = from === 'teach' ? from : 'shelf'
  if (route.value.page === from) go(to)
  else if (route.value.page !== 'shelf') tellCounted(made, to)
  setTimeout(() => void measureOnce(), MEASURE_AFTER)
  return true
}

/** Tell that `shelf` is counted, with the way to it, until it is seen or gone. */
function tellCounted(shelf: Shelf, to: 'shelf' | 'teach'): void {
  const text = t('count.counted', { name: brief(shelf.name, 60), n: draftAudit.value?.found.length ?? 0 })
  tell('success', text, { label: t('count.show'), run: () => go(to) })
  const end = effect(() => {
    const { page } = route.value
    if (draft.value?.shelf === shelf && page !== to && page !== 'shelf') return
    end()
    retract(text)
  })
}

/** Whether what is to be counted may take the place of the count that is there; asks where that would lose something. */
export function mayReplace(): Promise<boolean> {
  return unsaved() || leftUnsaved() ? ask(t('app.replace'), t('app.replace-yes')) : Promise.resolve(true)
}

/** Count the photo in `file`; tells the user what is wrong with it. */
export async function countFile(file: Blob, name: string): Promise<void> {
  const shown = brief(name, 60)
  const about: About = { name: tidyName(name, LONGEST_NAME), source: 'photo', sweep: null }
  try {
    await keptMeanwhile(file, about, async () => count(await readPicture(file), about))
  } catch (error) {
    if (error instanceof PictureError) tellOfFile(t(`photo.${error.code}`, { name: shown }))
    else tellOfFile(t('photo.failed', { name: shown, detail: reason(error) }))
  }
}

/** Count the frame of the sweep that was left behind, as if that had been frozen, or the photo. @throws what keeps it from being opened. */
export async function countCutOff(): Promise<void> {
  const found = cutOff.value
  if (!found || !(await mayReplace())) return
  await whileCounting(async () => {
    if (await count(await readPicture(found.picture), found, found.time)) forgetCutOff()
  })
}

/** Count the first of the bundle's golden pictures. */
async function countSample(): Promise<void> {
  const from = bundle.value
  if (!from) return
  try {
    const { file } = (await readGolden(from)).pictures[0]
    await countFile(await readSample(from, file), file.split('/').pop() ?? file)
  } catch (error) {
    tellOfFile(t('sample.failed', { detail: reason(error) }))
  }
}

export function CountPage(): JSX.Element {
  const [camera, setCamera] = useState<Camera | null>(null)
  const [ended, setEnded] = useState(false) // the camera that is looked through has been switched off
  const [opening, setOpening] = useState(false)
  const [measuring, setMeasuring] = useState(false)
  const [fault, setFault] = useState<CameraFault | null>(null)
  const { current: cameras } = useRef(new CameraInUse())
  useEffect(() => () => cameras.close(), [])

  const open = async (deviceId?: string): Promise<void> => {
    setOpening(true)
    setFault(null)
    try {
      const next = await cameras.open(deviceId, async () => {
        setMeasuring(true)
        await measureOnce()
        setMeasuring(false)
      })
      if (!next) return
      setEnded(false)
      setCamera(next)
    } catch (error) {
      setEnded(true) // what it has counted stays on the screen
      setFault(error instanceof CameraError ? error.code : 'failed')
    }
    setOpening(false)
  }
  const stop = async (): Promise<void> => {
    if ((await mayLoseSweep()) === false) return
    cameras.close()
    setOpening(false)
    setCamera(null)
  }

  const choose = async (work: () => Promise<void>): Promise<void> => {
    if ((await mayReplace()) && (await mayLoseSweep()) !== false) await whileCounting(work)
  }

  if (camera) {
    return (
      <main class="page live">
        <PageTitle>
          <span class="unseen">{t('count.title')}</span>
        </PageTitle>
        {ended && (
          <div role="alert">
            <Notice kind="warning">
              <span>
                {t(fault ? `camera.${fault}` : 'camera.ended')} {sweeping.value && t('camera.kept')}
              </span>
              <Button label={t('count.start')} icon={CameraIcon} kind="primary" busy={opening} onClick={() => void open()} />
            </Notice>
          </div>
        )}
        {counting.value && <Waiting>{t('count.counting')}</Waiting>}
        <div hidden={counting.value}>
          <LiveView
            camera={camera}
            ended={ended}
            paused={counting.value}
            onSwitch={(id) => void open(id)}
            onStop={() => void stop()}
            onEnded={() => setEnded(true)}
            onPhoto={(file) => void choose(() => countFile(file, file.name))}
            onFreeze={(picture, sweep) => {
              const about: About = { name: frameName(), source: 'live', sweep }
              return whileCounting(() => keptMeanwhile(toJpeg(picture), about, () => count(picture, about)))
            }}
          />
        </div>
      </main>
    )
  }
  return (
    <main class="page start">
      <PageTitle>{t('count.title')}</PageTitle>
      {counting.value ? (
        <Waiting>{t('count.counting')}</Waiting>
      ) : (
        <>
          <p class="lead">{t('count.intro')}</p>
          {fault && (
            <div role="alert">
              <Notice kind="warning">
                <strong>{t('camera.title')}</strong>
                <p>{t(`camera.${fault}`)}</p>
              </Notice>
            </div>
          )}
          <div class="buttons start-buttons">
            <Button label={t(opening ? 'count.starting' : fault ? 'app.retry' : 'count.start')} icon={CameraIcon} kind={fault ? 'plain' : 'primary'} busy={opening} onClick={() => void open()} />
            <FileButton label={t('count.photo')} icon={Image} accept="image/*" kind={fault ? 'primary' : 'plain'} onFile={(file) => void choose(() => countFile(file, file.name))} />
            {description.value?.golden && !offline.value && <Button label={t('count.sample')} class="quiet" onClick={() => void choose(countSample)} />}
          </div>
          <p class="hint" role="status">
            {t(measuring ? 'app.probing' : 'settings.private')}
          </p>
        </>
      )}
    </main>
  )
}

/** The frame in view of `run` with what it has counted; `null` where that is nothing. */
async function sweepOf(run: Live): Promise<Aside | null> {
  const { picture, sweep } = await run.freeze()
  try {
    return sweep?.unique ? { name: frameName(), source: 'live', picture: await toJpeg(picture), sweep } : null
  } finally {
    picture.close()
  }
}

function frameName(time = new Date()): string {
  return `frame-${time.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}.jpg`
}

function liveOptions(): LiveOptions | null {
  const [now, about] = [auditor.value, description.value]
  if (!now || !about) return null
  const known = gallery.value?.skus.length ? gallery.value : null
  const { config } = about.detector
  return {
    auditor: now,
    embedder: embedder.value,
    minScore: chosenScores().live ?? config.live_min_score,
    labels: config.labels,
    brands: known ? known.brands : labelled.value.length ? labelled.value : null,
    byLabel: labelled.value.length > 0,
    colors: known?.colors ?? {},
    own: known?.ownBrands ?? [],
  }
}

/** What the camera sees, counted. A sweep goes on with another camera, and after what was frozen could not be counted. */
function LiveView(props: {
  camera: Camera
  ended: boolean // it shows nothing any more
  paused: boolean
  onSwitch: (deviceId?: string) => void
  onStop: () => void
  onEnded: () => void
  onPhoto: (file: File) => void
  onFreeze: (picture: ImageBitmap, sweep: CountedSweep | null) => Promise<void>
}): JSX.Element {
  const { camera } = props
  const video = useRef<HTMLVideoElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const live = useRef<Live | null>(null)
  const [, started] = useState(false)
  const [ratio, setRatio] = useState(4 / 3) // the picture's width by its height
  const [others, setOthers] = useState<MediaDeviceInfo[]>([])
  const [freezing, during] = useBusy()

  useEffect(() => {
    const boxes = canvas.current!
    const run = new Live(video.current!, boxes, liveOptions, () => (embedder.value ? new LiveLooks(embedder.value) : null))
    live.current = looking.value = run
    auditor.value?.resetSweep()
    run.start()
    started(true)
    const observer = new ResizeObserver(() => run.redraw())
    observer.observe(boxes)
    const awake = stayAwake()
    const turn = (hidden: boolean): void => {
      if (counting.value) return // what is counted is kept, until that is done
      if (!hidden) takeBack()
      else if (sweeping.value) putAside(() => sweepOf(run))
    }
    const turned = (): void => turn(document.hidden)
    document.addEventListener('visibilitychange', turned)
    return () => {
      document.removeEventListener('visibilitychange', turned)
      turn(false)
      run.stop()
      looking.value = null
      observer.disconnect()
      awake()
      // The looks of this sweep end with it.
      if (!gallery.value?.skus.length) void auditor.value?.setGallery(null).catch(() => {})
    }
  }, [])
  useEffect(() => {
    const picture = video.current!
    picture.srcObject = camera.stream
    void picture.play().catch(() => {}) // Safari refuses until the first frame has come; the attribute plays it
    void listCameras().then(setOthers)
    camera.track.addEventListener('ended', props.onEnded)
    return () => camera.track.removeEventListener('ended', props.onEnded)
  }, [camera])
  useEffect(() => {
    live.current!.paused = props.paused || props.ended
    live.current!.ended = props.ended
  }, [props.paused, props.ended])

  const freeze = async (): Promise<void> => {
    try {
      const { picture, sweep } = await live.current!.freeze()
      await props.onFreeze(picture, sweep)
    } catch (error) {
      tell('error', t('count.freeze-failed', { detail: reason(error) }))
    }
  }
  const nextCamera = (): void => {
    const at = others.findIndex((device) => device.deviceId === camera.deviceId)
    props.onSwitch(others[(at + 1) % others.length]?.deviceId)
  }

  return (
    <div class="live-view">
      <div class="viewfinder-column">
        <div class="viewfinder" style={{ aspectRatio: ratio, '--ratio': ratio }}>
          <video
            ref={video}
            autoplay
            playsInline
            muted
            aria-label={t('count.video')}
            onResize={(event) => setRatio(ratioOf(event.currentTarget))}
            onLoadedMetadata={(event) => setRatio(ratioOf(event.currentTarget))}
          />
          <canvas ref={canvas} aria-hidden="true" />
          <div class="camera-tools">
            {others.length > 1 && <Button label={t('count.switch')} icon={SwitchCamera} bare onClick={nextCamera} />}
            {camera.hasTorch && <Torch key={camera.track.id} camera={camera} />}
            <Button label={t('count.stop')} icon={VideoOff} bare onClick={props.onStop} />
          </div>
        </div>
        <div class="shutter-row">
          <FileButton label={t('count.photo-short')} icon={Image} accept="image/*" onFile={props.onPhoto} />
          <button type="button" class="shutter" disabled={freezing || (props.ended && !live.current?.reading.peek())} onClick={() => void during(async () => (await mayReplace()) && freeze())} title={t('count.freeze')}>
            <Icon of={Snowflake} size={26} />
            <span>{t('count.freeze-short')}</span>
          </button>
          <Button label={t('count.anew')} icon={RotateCcw} hint={t('count.anew-hint')} onClick={() => void countAnew(live.current)} />
        </div>
        <Zoom key={camera.track.id} camera={camera} />
      </div>
      <div class="live-side">{live.current && <LiveNumbers live={live.current} onStart={() => props.onSwitch(camera.deviceId)} />}</div>
    </div>
  )
}

function Torch({ camera }: { camera: Camera }): JSX.Element {
  const [lit, setLit] = useState(false)
  return (
    <Button
      label={t('count.torch')}
      icon={Flashlight}
      bare
      pressed={lit}
      onClick={() => void camera.setTorch(!lit).then((done) => done && setLit(!lit))}
    />
  )
}

function Zoom({ camera }: { camera: Camera }): JSX.Element | null {
  const [zoom, setZoom] = useState(camera.zoom)
  const range = camera.zoomRange
  return (
    range && (
      <Slider
        label={t('count.zoom')}
        value={zoom}
        min={range.min}
        max={range.max}
        step={range.step}
        text={`${number(zoom, 1)}×`}
        onInput={(value) => {
          setZoom(value)
          void camera.setZoom(value)
        }}
      />
    )
  )
}

function ratioOf({ videoWidth, videoHeight }: HTMLVideoElement): number {
  return videoWidth && videoHeight ? videoWidth / videoHeight : 4 / 3
}

/** Keep the screen on while the camera looks at a shelf; gives what lets it sleep again. */
function stayAwake(): () => void {
  let lock: WakeLockSentinel | null = null
  let over = false
  const ask = async (): Promise<void> => {
    try {
      lock = (await navigator.wakeLock?.request('screen')) ?? null
      if (over) void lock?.release()
    } catch {
      // Low battery: the user's own setting holds.
    }
  }
  const again = (): void => {
    if (!document.hidden) void ask()
  }
  void ask()
  document.addEventListener('visibilitychange', again)
  return () => {
    over = true
    document.removeEventListener('visibilitychange', again)
    void lock?.release().catch(() => {})
  }
}

function LiveNumbers({ live, onStart }: { live: Live; onStart: () => void }): JSX.Element {
  const reading = live.reading.value
  const shares = live.shares.value
  const [which, setWhich] = useState<'unique' | 'inView'>('unique')
  const [chosen, setMeasure] = useState<Measure>('share')
  const measure = measureOf(chosen, which === 'unique')
  const known = gallery.value?.skus.length ? gallery.value : null
  if (live.problem.value) {
    return (
      <div role="alert">
        <Notice kind="error">{t('count.problem', { detail: live.problem.value })}</Notice>
      </div>
    )
  }
  const stalled = live.stalled.value && (
    <div role="alert">
      <Notice kind="warning">
        <span>{t('count.stalled')}</span>
        <Button label={t('count.start')} icon={CameraIcon} onClick={onStart} />
      </Notice>
    </div>
  )
  if (!reading) {
    return (
      <>
        <Waiting>{t('count.waiting')}</Waiting>
        {stalled}
      </>
    )
  }
  const table = which === 'unique' ? shares.unique : shares.inView
  const colors = shares.against ? SIDES : colorsOf(shares.names, known?.colors)
  const own = known?.ownBrands ?? []
  return (
    <>
      <dl class="metrics">
        <Metric label={t('count.in-view')} value={number(reading.inView)} />
        <Metric label={t('count.unique')} value={number(reading.unique)} hint={t('count.unique-hint')} />
      </dl>
      <Spoken inView={reading.inView} unique={reading.unique} />
      {stalled}
      {reading.lost ? <Notice kind="warning">{t('count.lost')}</Notice> : <p class="hint">{t('count.unique-hint')}</p>}
      <section class="card">
        <div class="card-head">
          <h2>{t('share.title')}</h2>
          <MeasureChoice value={measure} swept={which === 'unique'} onChange={setMeasure} />
        </div>
        <Segments
          label={t('share.of')}
          value={which}
          options={[
            { value: 'unique', label: t('count.unique') },
            { value: 'inView', label: t('count.in-view') },
          ]}
          onChange={setWhich}
        />
        {own.length > 0 && <SidesChoice value={shares.against} onChange={(against) => live.setAgainst(against)} />}
        <ShareChart shares={table} measure={measure} colors={colors} own={own} />
        {!known && !labelled.value.length && embedder.value && <p class="hint">{t('share.looks')}</p>}
      </section>
      <p class="hint speed">
        {t('count.speed', { fps: number(reading.fps, 1), ms: number(reading.ms) })}
        {running.value && ` · ${t(`engine.${running.value.engine}`)}`}
      </p>
    </>
  )
}

const SPOKEN_EVERY = 5000 // ms: a count at each frame would drown everything else

/** The count for those who hear the page: now and then, and only when it has changed. */
function Spoken({ inView, unique }: { inView: number; unique: number }): JSX.Element {
  const newest = useRef('')
  newest.current = t('count.spoken', { n: inView, unique })
  const [said, say] = useState('')
  useEffect(() => {
    const timer = setInterval(() => say(newest.current), SPOKEN_EVERY)
    return () => clearInterval(timer)
  }, [])
  return (
    <p class="unseen" aria-live="polite" aria-atomic="true">
      {said}
    </p>
  )
}
