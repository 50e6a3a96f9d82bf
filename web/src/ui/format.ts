/** Numbers, dates and sizes as the user's language writes them. */

import { language } from './strings'

export function percent(share: number, digits = 0): string {
  return new Intl.NumberFormat(language(), { style: 'percent', maximumFractionDigits: digits }).format(share)
}

export function number(value: number, digits = 0): string {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value)
}

/** A score or the least of those that count, as tables and files have it: 0.42. */
export function score(value: number): string {
  return new Intl.NumberFormat(language(), { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value)
}

export function when(time: string | Date): string {
  return new Intl.DateTimeFormat(language(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time))
}

/** The day of `time`, with its year where that is another one than now. */
export function day(time: string | Date): string {
  const date = new Date(time)
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : 'numeric'
  return new Intl.DateTimeFormat(language(), { day: 'numeric', month: 'short', year }).format(date)
}

export function megabytes(bytes: number): string {
  const value = bytes / 1e6
  return `${number(value, value < 10 ? 1 : 0)} MB`
}

/** A share with its doubt and facings: "31% ± 4% (58)". */
export function told(share: number, margin: number, facings: number): string {
  return `${percent(share)}${margin >= 0.005 ? ` ± ${percent(margin)}` : ''} (${number(facings)})`
}
