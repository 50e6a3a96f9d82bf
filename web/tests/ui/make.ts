import type { Audit, Facing } from '../../src/ui/audit'

/** Facings in a row, 100 pixels each, of `brands`. */
export function makeFacings(...brands: string[]): Facing[] {
  return brands.map((brand, i) => ({
    box: [100 * i, 50, 100 * i + 90, 250],
    score: 0.9,
    brand,
    brandScore: brand ? 0.95 : 0.1,
    product: brand && `${brand} 500 g`,
  }))
}

export function makeAudit(found: Facing[], changes: Partial<Audit> = {}): Audit {
  return {
    store: 'Corner shop',
    shelf: 'Cereals',
    category: '',
    note: '',
    time: '2026-11-27T14:05:00.000Z',
    source: 'photo',
    photo: { name: 'shelf.jpg', width: 1000, height: 400 },
    found,
    corrections: [],
    sweep: null,
    model: 'shelf_dense',
    modelDigest: 'abc',
    gallery: 'My brands',
    galleryDigest: 'def',
    thresholds: { mode: 'photo', score: 0.3, brand: 0.5 },
    software: '0.0.0',
    ...changes,
  }
}

/** Until all is written that was to be: the event loop has gone round often, however long that takes. */
export async function written(): Promise<void> {
  for (let round = 0; round < 200; round++) await new Promise((resolve) => setTimeout(resolve))
}
