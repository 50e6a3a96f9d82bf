/** What the pages share: the bundle, the auditor that runs it, the gallery in use, and what the user is told. */

import { computed, effect, signal } from '@preact/signals'
import type { BundleDescription, BundleErrorCode, Engine, Loaded, Notice } from '../core'
import { Auditor, BundleError, ENGINES, Gallery, chooseProbe, loadBundle, loadFile } from '../core'
import type { Bundle } from '../core'
import { bundleAddress, hasOwnWorker } from './address'
import { go } from './route'
import { chosenEngine, chosenSize, galleryName, measured } from './settings'
import { labelBrands } from './shelf'
import { deleteGallery, galleryNames, openGallery, saveGallery } from './store'
import type { StoredGallery } from './store'
import type { Key } from './strings'
import { t } from './strings'

export type Phase = 'loading' | 'ready' | 'failed'

/** Why the app cannot count, for the page to tell and to offer a way out. */
export interface Failure {
  code: BundleErrorCode | 'engine'
  text: string
}

export interface Message {
  id: number
  kind: 'info' | 'warning' | 'error' | 'success'
  text: string
  action?: { label: string; run: () => void }
  fades: number // ms after which it goes by itself; 0: it stays until it is dismissed
}

export const phase = signal<Phase>('loading')
export const failure = signal<Failure | null>(null)
/** How much of the model has come, as far as that takes time. */
export const loaded = signal<Loaded | null>(null)
export const bundle = signal<Bundle | null>(null)
export const auditor = signal<Auditor | null>(null)
/** What calculates now; a copy that the page can watch. */
export const running = signal<{ engine: Engine; size: number } | null>(null)
export const messages = signal<Message[]>([])
/** The gallery that names brands; `null` groups by look. */
export const gallery = signal<Gallery | null>(null)
export const bundled = signal<Gallery | null>(null)
/** Names of the galleries that are saved on the device. */
export const savedGalleries = signal<readonly string[]>([])
/** Names of the galleries that can be chosen, the bundle's own and the one in use among them. */
export const galleries = computed(() => {
  const here = [bundled.value, gallery.value].flatMap((each) => (each ? [each.name] : []))
  return [...new Set([...savedGalleries.value, ...here])].sort((a, b) => a.localeCompare(b))
})

export const description = computed<BundleDescription | null>(() => bundle.value?.description ?? null)
export const embedder = computed(() => description.value?.embedder ?? null)
/** The model's own labels that can stand for brands. */
export const labels = computed(() => labelBrands(description.value?.detector.config.labels ?? []))
/** Those, where they do; none where a gallery names the brands. */
export const labelled = computed(() => (gallery.value?.skus.length ? [] : labels.value))

/** What the user is asked, and something waits for. */
export const question = signal<{ text: string; yes: string; answer: (yes: boolean) => void } | null>(null)

/** Whether the user says `yes` to `text`. */
export function ask(text: string, yes: string): Promise<boolean> {
  question.value?.answer(false)
  return new Promise((resolve) => {
    const answer = (said: boolean): void => {
      question.value = null
      resolve(said)
    }
    question.value = { text, yes, answer }
  })
}

let messageId = 0
export const SLOW_FADES = 12_000 // ms: good to know, and no fault

/** Tell the user something; what says the same is told once. Good news goes by itself, unless there is something to do. */
export function tell(kind: Message['kind'], text: string, action?: Message['action'], fades = fadesAfter(kind, action)): void {
  const others = messages.value.filter((message) => message.text !== text)
  messages.value = [...others.slice(-3), { id: ++messageId, kind, text, action, fades }]
}

function fadesAfter(kind: Message['kind'], action: Message['action']): number {
  return action || kind === 'warning' || kind === 'error' ? 0 : 6000
}

/** Take back what was told, which holds no more. */
export function retract(text: string): void {
  messages.value = messages.value.filter((message) => message.text !== text)
}

const ofFiles = new Set<string>()

/** Tell what is wrong with a file that the user chose. */
export function tellOfFile(text: string): void {
  ofFiles.add(text)
  tell('error', text)
}

/** Take back what was wrong with the files of earlier choices. */
export function forgetFiles(): void {
  ofFiles.forEach(retract)
  ofFiles.clear()
}

export function dismiss(id: number): void {
  messages.value = messages.value.filter((message) => message.id !== id)
}

/** Load the bundle and start counting with it; what goes wrong is in `failure`. */
export async function start(): Promise<void> {
  phase.value = 'loading'
  failure.value = loaded.value = null
  try {
    bundle.value ??= await loadBundle(bundleAddress())
    await startAuditor(bundle.value)
    await loadGalleries(bundle.value)
    phase.value = 'ready'
  } catch (error) {
    // Of a bundle that was exported anew meanwhile, the old description names files that are no more.
    if (error instanceof BundleError) bundle.value = null
    failure.value = asFailure(error)
    phase.value = 'failed'
  }
}

async function startAuditor(bundle: Bundle): Promise<void> {
  const { engine, size } = planned(bundle)
  auditor.value?.stop()
  // With a service worker the files are on the device.
  const onLoading = hasOwnWorker() ? undefined : (now: Loaded) => void (loaded.value = now)
  const started = await Auditor.start(bundle, { engine, size, onNotice: heed, onLoading })
  auditor.value = started
  running.value = { engine: started.engine, size: started.size }
}

interface Plan {
  engine?: Engine // absent: what is surest to work
  size?: number // absent: the model's
}

/** What to calculate with: as the address or the settings say, else as it was measured. */
function planned(bundle: Bundle): Plan {
  const probes = measured.value?.of === measuredOf(bundle) ? measured.value.probes : []
  const engine = askedEngine() ?? chosenEngine.value ?? undefined
  const best = chooseProbe(engine ? probes.filter((probe) => probe.engine === engine) : probes)
  return { engine: engine ?? best?.engine, size: chosenSize.value ?? best?.size }
}

/** The engine that `?engine=` in the page's address asks for. */
function askedEngine(): Engine | null {
  const asked = new URL(location.href).searchParams.get('engine')
  return ENGINES.find((engine) => engine === asked) ?? null
}

function measuredOf(bundle: Bundle): string {
  return `${bundle.description.version} ${navigator.userAgent}`
}

let measuring: Promise<void> | null = null

/** Measure the engines of this device once a model and browser, and go on with the best. */
export async function measureOnce(): Promise<void> {
  const from = bundle.value
  if (!from || askedEngine() || measured.value?.of === measuredOf(from)) return
  try {
    await measure()
  } catch {
    // What works goes on.
  }
}

/** Measure the engines of this device, and go on with the best unless the user chose one. */
export function measure(): Promise<void> {
  measuring ??= measureNow().finally(() => (measuring = null))
  return measuring
}

async function measureNow(): Promise<void> {
  const [now, from] = [auditor.value, bundle.value]
  if (!now || !from) return
  const before = measured.value
  const back = (): void => void (measured.value = before)
  // Noted first: where an engine ends the page, the next start must not try it again. A page that is left says so.
  measured.value = { of: measuredOf(from), probes: [] }
  addEventListener('pagehide', back)
  try {
    measured.value = { of: measuredOf(from), probes: await now.probe() }
  } catch (error) {
    back()
    throw error
  } finally {
    removeEventListener('pagehide', back)
  }
  await usePlan()
}

/** Calculate as planned; see `useEngine`. */
export async function usePlan(): Promise<boolean> {
  const [now, from] = [auditor.value, bundle.value]
  if (!now || !from) return false
  const plan = planned(from)
  const engine = plan.engine ?? now.engine
  return useEngine(engine, plan.size ?? from.description.detector.config.live_size)
}

/** Calculate with `engine` from now on; where it does not work, what worked goes on and the user is told. */
export async function useEngine(engine: Engine, size?: number): Promise<boolean> {
  const now = auditor.value
  if (!now) return false
  if (now.engine === engine && (size ?? now.size) === now.size) return true
  try {
    await now.use(engine, size)
    return now.engine === engine
  } catch (error) {
    const away = error instanceof BundleError // a file's fault, not the engine's
    tell('warning', away ? asFailure(error).text : t('engine.refused', { engine: t(`engine.${engine}`) }))
    return false
  } finally {
    running.value = { engine: now.engine, size: now.size }
  }
}

function heed(notice: Notice): void {
  const now = auditor.value
  if (now) running.value = { engine: now.engine, size: now.size }
  const engine = notice.fallback ? t(`engine.${notice.fallback}`) : ''
  const key = `notice.${notice.code}${notice.fallback ? '.fallback' : ''}` as Key
  const settings = { label: t('nav.settings'), run: () => go('settings') }
  const text = t(key, { engine, detail: notice.detail })
  if (notice.fallback) tell('warning', text, settings)
  else if (notice.code === 'slow') tell('info', text, settings, SLOW_FADES)
  else tell('error', text)
}

function asFailure(error: unknown): Failure {
  if (error instanceof BundleError)
    return { code: error.code, text: t(`failure.${error.code}`, { file: error.file }) }
  return { code: 'engine', text: t('failure.engine', { detail: error instanceof Error ? error.message : String(error) }) }
}

async function loadGalleries(from: Bundle): Promise<void> {
  const path = from.description.gallery
  if (path && from.description.embedder && !bundled.value) {
    try {
      const index: unknown = JSON.parse(new TextDecoder().decode(await loadFile(from, path)))
      bundled.value = Gallery.fromFolder(index, new URL(path, from.base))
    } catch {
      tell('warning', t('gallery.bundled-failed'))
    }
  }
  await listGalleries()
  const own = bundled.value?.name ?? ''
  const name = galleryName.value ?? own
  try {
    await chooseGallery(name, false)
    // Another bundle's was chosen, or this one's of before it was exported with one of another name.
    if (name && !gallery.value) await chooseGallery(own, false)
  } catch (error) {
    tell('warning', t('gallery.open-failed', { name, detail: reason(error) }))
    await setGallery(null)
  }
}

/** What went wrong, as a part of a sentence. */
export function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.+$/, '')
}

const savedAt = new Map<string, string>() // of galleries, by name: as they were read or written here

/** Read anew which galleries there are. */
export async function listGalleries(): Promise<void> {
  let saved: string[] = []
  try {
    saved = await galleryNames()
    for (const name of savedAt.keys()) if (!saved.includes(name)) savedAt.delete(name)
  } catch {
    tell('warning', t('store.barred'))
  }
  savedGalleries.value = saved
}

/**
 * Have the gallery `name` name the brands, or none (empty name); `remember` it for the next visit.
 *
 * Where the user's own cannot be read, the bundle's of that name does.
 */
export async function chooseGallery(name: string, remember = true): Promise<void> {
  let found: Gallery | null = null
  try {
    found = name ? await findGallery(name) : null
  } catch (error) {
    if (bundled.value?.name !== name) throw error
    // Where nothing can be kept, as in a private window, nothing is saved of it either.
    if (savedGalleries.value.includes(name)) tell('warning', t('gallery.bundled-instead', { name, detail: reason(error) }))
    found = bundled.value
  }
  await setGallery(found)
  if (remember) galleryName.value = gallery.value ? name : ''
}

/** Delete what is saved of the gallery `name`; the bundle's of that name takes its place, or none. @throws StoreError it stays. */
export async function forgetGallery(name: string): Promise<void> {
  await deleteGallery(name)
  await chooseGallery(name)
  await listGalleries()
}

/** The gallery of this name: the user's own, else the bundle's; `null` if there is none. */
export async function findGallery(name: string): Promise<Gallery | null> {
  return opened(name, await openGallery(name))
}

/** As `findGallery`, or a new one; where the browser bars what it keeps, that does for this visit. */
export async function galleryToTeach(name: string): Promise<Gallery> {
  const saved = await openGallery(name).catch(() => undefined)
  return (await opened(name, saved)) ?? Gallery.empty(name)
}

async function opened(name: string, saved: StoredGallery | undefined): Promise<Gallery | null> {
  savedAt.delete(name)
  if (saved) {
    savedAt.set(name, saved.changed)
    const read = await Gallery.fromZip(saved.zip)
    const found = await ours(read)
    // Made anew for another network, it need not be at the next visit; but nothing is lost for that.
    if (found !== read && found.pictures.length === read.pictures.length)
      await save(found).catch(() => {})
    return found
  }
  return bundled.value?.name === name ? bundled.value : null
}

/** @throws StoreError it could not be saved, or is not what it was when it was read here. */
async function save(changed: Gallery): Promise<void> {
  const { name } = changed
  savedAt.set(name, await saveGallery(name, await changed.toZip(), savedAt.get(name)))
}

/** The gallery in use, with what another tab has taught it meanwhile. */
async function newest(): Promise<Gallery | null> {
  const now = gallery.value
  const there = now && (await openGallery(now.name).catch(() => undefined))
  return there && there.changed !== savedAt.get(there.name) ? findGallery(there.name) : now
}

/** `other` as this bundle's network sees its examples. */
export async function ours(other: Gallery): Promise<Gallery> {
  const [made, now] = [embedder.value, auditor.value]
  if (!made || !now) return other
  return other.embeddedBy(made, async (file) => {
    const picture = await createImageBitmap(new Blob([file], { type: 'image/jpeg' })).catch(() => null)
    return picture && now.embed(picture, new Float32Array([0, 0, picture.width, picture.height]))
  })
}

async function setGallery(value: Gallery | null): Promise<void> {
  await auditor.value?.setGallery(value && value.skus.length ? value : null)
  gallery.value = value
}

let keeping: Promise<void> = Promise.resolve()

/**
 * Save what `change` makes of the gallery in use, and go on with it; one change after the other, so that none is lost.
 *
 * @throws StoreError it could not be saved; it is in use all the same.
 */
export function keepGallery(change: (now: Gallery | null) => Gallery | Promise<Gallery>): Promise<void> {
  const kept = keeping.then(async () => {
    const changed = await change(await newest())
    await setGallery(changed)
    galleryName.value = changed.name
    await save(changed)
    await listGalleries()
  })
  keeping = kept.catch(() => {})
  return kept
}

effect(() => {
  document.documentElement.dataset.phase = phase.value // for styles and tests
})
