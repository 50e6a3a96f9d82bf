/** The shares of a counted shelf: by brand and by row, for a picture or a sweep. */

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { UNKNOWN } from './audit'
import type { Reckoning } from './audit'
import { RowsChart, ShareChart } from './charts'
import type { Colors, Measure } from './charts'
import { Segments } from './components'
import { t } from './strings'

export function Shares({ of, colors }: { of: Pick<Reckoning, 'shares' | 'byRow' | 'sweep'>; colors: Colors }): JSX.Element {
  const [measure, setMeasure] = useState<Measure>('share')
  const [what, setWhat] = useState<'sweep' | 'photo'>('sweep')
  const named = of.sweep?.some((row) => row.name !== UNKNOWN) ? of.sweep : null
  const swept = what === 'sweep' ? named : null
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t('share.title')}</h2>
        <MeasureChoice value={measure} onChange={setMeasure} />
      </div>
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
      <ShareChart shares={swept ?? of.shares} measure={measure} colors={colors} />
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

export function MeasureChoice({ value, onChange }: { value: Measure; onChange: (value: Measure) => void }): JSX.Element {
  return (
    <Segments
      label={t('share.measure')}
      value={value}
      options={[
        { value: 'share', label: t('share.share') },
        { value: 'linear', label: t('share.linear') },
        { value: 'area', label: t('share.area') },
      ]}
      onChange={onChange}
    />
  )
}
