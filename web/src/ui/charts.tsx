/** Charts of shares: plain elements, so that they read, scale and speak like any text. */

import type { JSX } from 'preact'
import type { ShareRow } from '../core'
import { COMPETITORS, OWN, UNKNOWN } from './audit'
import { day, percent, told } from './format'
import { GREY, OTHER } from './palette'
import { t } from './strings'
import type { Key } from './strings'
import { brief, inLine } from './text'

export type Measure = 'share' | 'linear' | 'area'
export type Colors = ReadonlyMap<string, string>

const MOST_BARS = 12

/** The largest `shares` by `measure`, what is beyond a dozen added up as `OTHER`. */
export function folded(shares: readonly ShareRow[], measure: Measure = 'share'): ShareRow[] {
  const ordered = [...shares].sort((a, b) => b[measure] - a[measure])
  if (ordered.length <= MOST_BARS) return ordered
  const rest = ordered.slice(MOST_BARS - 1)
  const sum = (of: (row: ShareRow) => number): number => rest.reduce((total, row) => total + of(row), 0)
  const root = (of: (row: ShareRow) => number): number => Math.min(1, Math.hypot(...rest.map(of))) // nearly independent parts
  return [
    ...ordered.slice(0, MOST_BARS - 1),
    {
      name: OTHER,
      facings: sum((row) => row.facings),
      share: sum((row) => row.share),
      margin: root((row) => row.margin),
      linear: sum((row) => row.linear),
      linearMargin: root((row) => row.linearMargin),
      area: sum((row) => row.area),
      areaMargin: root((row) => row.areaMargin),
    },
  ]
}

export function marginOf(row: ShareRow, measure: Measure): number {
  return measure === 'share' ? row.margin : measure === 'linear' ? row.linearMargin : row.areaMargin
}

const TEXTS = new Map<string, Key>([[OTHER, 'share.other'], [UNKNOWN, 'share.unknown'], [OWN, 'share.own'], [COMPETITORS, 'share.competitors']])

/** How a name is shown: what is no brand, as "unknown", in the user's language. */
export function shownName(name: string, longest?: number): string {
  const text = TEXTS.get(name)
  return text ? t(text) : brief(name, longest)
}

interface ShareChartProps {
  shares: readonly ShareRow[]
  measure: Measure
  colors: Colors
  own?: readonly string[] // names of own brands, which are marked
}

/** A bar a name with its margin, the largest first. */
export function ShareChart({ shares, measure, colors, own = [] }: ShareChartProps): JSX.Element {
  if (!shares.length) return <p class="hint">{t('share.empty')}</p>
  const rows = folded(shares, measure)
  const widest = Math.max(0.01, ...rows.map((row) => Math.min(1, row[measure] + marginOf(row, measure))))
  const wide = (share: number): string => `${(100 * Math.max(0, share)) / widest}%`
  return (
    <ul class="shares">
      {rows.map((row) => {
        const margin = marginOf(row, measure)
        const [low, high] = [Math.max(0, row[measure] - margin), Math.min(1, row[measure] + margin)]
        return (
          <li key={row.name} data-name={row.name} data-facings={row.facings} data-share={row[measure].toFixed(4)}>
            <span class="share-name" title={brief(row.name, 200)}>
              <bdi>{shownName(row.name)}</bdi>
              {own.includes(row.name) && <small class="own">{t('share.is-own')}</small>}
            </span>
            <span class="share-told">{told(row[measure], margin, row.facings)}</span>
            <span class="share-track" aria-hidden="true">
              <span class="share-bar" style={{ width: wide(row[measure]), background: colors.get(row.name) ?? GREY }} />
              {margin >= 0.005 && <span class="share-doubt" style={{ left: wide(low), width: wide(high - low) }} />}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

/** How each shelf row divides over the names: a bar a row, the topmost first. */
export function RowsChart({ rows, measure, colors }: { rows: readonly (ShareRow & { row: number })[]; measure: Measure; colors: Colors }): JSX.Element {
  const numbers = [...new Set(rows.map((row) => row.row))].sort((a, b) => a - b)
  return (
    <ol class="rows">
      {numbers.map((number) => {
        const parts = rows.filter((row) => row.row === number).sort((a, b) => b[measure] - a[measure])
        return (
          <li key={number}>
            <span class="row-name">{t('share.row', { n: number })}</span>
            <span class="row-bar" aria-hidden="true">
              {parts.map((part) => (
                <span
                  key={part.name}
                  title={`${inLine(shownName(part.name))}: ${percent(part[measure])} (${part.facings})`}
                  style={{ flexGrow: part[measure], background: colors.get(part.name) ?? GREY }}
                />
              ))}
            </span>
            <span class="row-told">
              {parts.slice(0, 3).map((part, i) => (
                <span key={part.name}>
                  {i > 0 && ', '}
                  <bdi>{shownName(part.name, 24)}</bdi> {percent(part[measure])}
                </span>
              ))}
              {parts.length > 3 && '\u00a0…'}
            </span>
          </li>
        )
      })}
    </ol>
  )
}

export interface TrendPoint {
  time: string
  shares: readonly ShareRow[]
}

const MOST_LINES = 6
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT] = [440, 220, 58, 26, 10, 12]

/** The names with the largest shares over all of `points`. */
export function largest(points: readonly TrendPoint[], most = MOST_LINES): string[] {
  const sums = new Map<string, number>()
  for (const { shares } of points) for (const row of shares) sums.set(row.name, (sums.get(row.name) ?? 0) + row.share)
  return [...sums].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, most).map(([name]) => name)
}

/** Where an axis for these shares ends, such that its middle is a whole percentage as well. */
export function topOf(shares: readonly number[]): number {
  return Math.max(1, Math.ceil(10 * Math.max(0, ...shares) - 1e-9)) / 10
}

/** The shares of the largest brands from audit to audit; `points` come oldest first. */
export function TrendChart({ points, colors }: { points: readonly TrendPoint[]; colors: Colors }): JSX.Element {
  const names = largest(points)
  const times = points.map((point) => Date.parse(point.time))
  const [first, last] = [times[0], times[times.length - 1]]
  const share = (point: TrendPoint, name: string): number => point.shares.find((row) => row.name === name)?.share ?? 0
  const most = topOf(points.flatMap((point) => names.map((name) => share(point, name))))
  const x = (time: number): number => LEFT + (WIDTH - LEFT - RIGHT) * (last > first ? (time - first) / (last - first) : 0.5)
  const y = (value: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / most)
  const label = t('history.trend-label', { n: points.length, from: day(points[0].time), to: day(points[points.length - 1].time) })
  return (
    <figure class="trend">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {[0, 0.5, 1].map((part) => (
          <g key={part}>
            <line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(most * part)} y2={y(most * part)} />
            <text x={LEFT - 6} y={y(most * part) + 4} text-anchor="end">
              {percent(most * part)}
            </text>
          </g>
        ))}
        <text x={LEFT} y={HEIGHT - 6}>
          {day(points[0].time)}
        </text>
        <text x={WIDTH - RIGHT} y={HEIGHT - 6} text-anchor="end">
          {day(points[points.length - 1].time)}
        </text>
        {names.map((name) => (
          <g key={name} stroke={colors.get(name) ?? GREY} fill={colors.get(name) ?? GREY}>
            <polyline fill="none" points={points.map((point, i) => `${x(times[i])},${y(share(point, name))}`).join(' ')} />
            {points.map((point, i) => (
              <circle key={i} cx={x(times[i])} cy={y(share(point, name))} r="3.5" />
            ))}
          </g>
        ))}
      </svg>
      <figcaption>
        <ul class="legend">
          {names.map((name) => (
            <li key={name}>
              <span class="swatch" aria-hidden="true" style={{ background: colors.get(name) ?? GREY }} />
              <bdi>{shownName(name, 40)}</bdi> {percent(share(points[points.length - 1], name))}
            </li>
          ))}
        </ul>
      </figcaption>
    </figure>
  )
}
