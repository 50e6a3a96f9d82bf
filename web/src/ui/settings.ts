/** The user's choices, small and read at the start: in localStorage, or for this visit where that is barred. */

import { effect, signal } from '@preact/signals'
import type { Signal } from '@preact/signals'
import type { Engine, Probe } from '../core'
import { bundleAddress } from './address'

export type Theme = 'system' | 'light' | 'dark'

export interface Measured {
  of: string // bundle and browser that were measured
  probes: Probe[]
}

/** Least scores that count on photos and live; absent for the model's own. */
export interface LeastScores {
  photo?: number
  live?: number
}

const PREFIX = 'skushare.'

/** @param ofBundle it is of the bundle that the page works with: several may share a host. */
function kept<T>(name: string, start: T, fits: (value: unknown) => boolean, ofBundle = false): Signal<T> {
  const key = (): string => PREFIX + name + (ofBundle ? ` ${new URL('./', bundleAddress())}` : '')
  let value = start
  try {
    const text = localStorage.getItem(key()) ?? localStorage.getItem(PREFIX + name) // former versions had one for all
    const read: unknown = text === null ? start : JSON.parse(text)
    if (fits(read)) value = read as T
  } catch {
    // Barred or damaged: the start value does.
  }
  const choice = signal(value)
  effect(() => {
    const text = JSON.stringify(choice.value)
    try {
      localStorage.setItem(key(), text)
    } catch {
      // It holds for this visit.
    }
  })
  return choice
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isScore = (value: unknown): boolean => value === undefined || (typeof value === 'number' && value > 0 && value < 1)
const areScores = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every((each) => isScore(each?.photo) && isScore(each?.live))

export const theme = kept<Theme>('theme', 'system', (value) => ['system', 'light', 'dark'].includes(String(value)))
/** What calculates; `null` for the fastest that was measured. */
export const chosenEngine = kept<Engine | null>('engine', null, (value) => value === null || isText(value))
/** Longest side of a live frame in pixels; `null` for the model's. */
export const chosenSize = kept<number | null>('size', null, (value) => value === null || Number.isInteger(value))
export const measured = kept<Measured | null>('measured', null, (value) => value === null || typeof value === 'object', true)
/** By the model's digest: several bundles may share an address, and what suits one model misleads of another. */
export const leastScores = kept<Record<string, LeastScores>>('scores', {}, areScores)
/** The gallery that names brands; empty groups by look, `null` is the bundle's own. */
export const galleryName = kept<string | null>('gallery', null, (value) => value === null || isText(value), true)
export const noWords = { store: '', shelf: '', category: '' }
/** Words of the last audit, which the next one most often shares. */
export const lastWords = kept('words', noWords, (value) => typeof value === 'object' && value !== null)
