/** The shares of a counted shelf: by brand and by row, for a picture or a sweep. */

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { namedSweep } from './audit'
import type { Reckoning } from './audit'
import { RowsChart, ShareChart } from './charts'
import type { Colors, Measure } from './charts'
import { Segments } from './components'
import { SIDES } from './palette'
import { t } from './strings'

type Reckoned = Pick<Reckoning, 'shares' | 'byRow' | 'sweep'>

interface SharesProps {
  of: Reckoned
  against: Reckoned | null // own brands against all others, where there are any
  own: readonly string[]
  colors: Colors
}

export function Shares({ of: every, against, own, colors: each }: SharesProps): JSX.Element {
  const [chosen, setMeasure] = useState<Measure>('share')
  const [what, setWhat] = useState<'sweep' | 'photo'>('sweep')
  const [sided, setSided] = useState(false)
  const of = (sided && against) || every
  const colors = of === against ? SIDES : each
  const named = namedSweep(of.sweep)
  const swept = what === 'sweep' ? named : null
  const measure = measureOf(chosen, !!swept)
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t('share.title')}</h2>
        <MeasureChoice value={measure} swept={!!swept} onChange={setMeasure} />
      </div>
      {against && <SidesChoice value={sided} onChange={setSided} />}
      {named && (
        <Segments
          label={t('share.of')}
          value={what}
          options={[
            { value: 'sweep', label: t('share.sweep') },
            { value: 'photo', label: t('share.photo') },
          ]}
          onChange={setWhat}
        />
      )}
      <ShareChart shares={swept ?? of.shares} measure={measure} colors={colors} own={own} />
      <p class="hint">{t('share.margin-hint')}</p>
      {!swept && of.byRow.length > 0 && (
        <>
          <h3>{t('share.rows')}</h3>
          <RowsChart rows={of.byRow} measure={measure} colors={colors} />
        </>
      )}
    </section>
  )
}

/** What can be shown in place of the `chosen` measure: a sweep does not know its stacks, and so no lengths. */
export function measureOf(chosen: Measure, swept: boolean): Measure {
  return swept && chosen === 'linear' ? 'share' : chosen
}

/** @param props.swept whether the shares are a sweep's. */
export function MeasureChoice(props: { value: Measure; swept: boolean; onChange: (value: Measure) => void }): JSX.Element {
  const lengths = props.swept ? [] : [{ value: 'linear' as const, label: t('share.linear') }]
  return (
    <Segments
      label={t('share.measure')}
      value={props.value}
      options={[{ value: 'share', label: t('share.share') }, ...lengths, { value: 'area', label: t('share.area') }]}
      onChange={props.onChange}
    />
  )
}

/** @param props.value whether the own brands are shown against all others. */
export function SidesChoice(props: { value: boolean; onChange: (against: boolean) => void }): JSX.Element {
  return (
    <Segments
      label={t('share.sides')}
      value={props.value ? 'against' : 'every'}
      options={[
        { value: 'every', label: t('share.every') },
        { value: 'against', label: t('share.against') },
      ]}
      onChange={(chosen) => props.onChange(chosen === 'against')}
    />
  )
}
