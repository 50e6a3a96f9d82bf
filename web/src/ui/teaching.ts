/** Teaching facings to the gallery in use; without one, "My brands" is begun. */

import type { Gallery, Quad } from '../core'
import { indicesWhere, taughtLook } from '../core'
import type { Facing } from './audit'
import { examplePicture } from './picture'
import { auditor, embedder, galleryToTeach, keepGallery, reason, tell } from './session'
import { rowsOf } from './shelf'
import { StoreError } from './store'
import type { Key } from './strings'
import { t } from './strings'
import { inLine } from './text'

/**
 * Teach facings as examples of a product, or as a look of the brand where `product` is empty; tells the user how it
 * went. What is an example of it already is none once more.
 *
 * @returns the brand as the gallery spells it; `null` where it was not taught.
 */
export async function teachFacings(
  picture: ImageBitmap,
  boxes: readonly Quad[],
  vectors: Float32Array, // of the boxes
  brand: string,
  product: string,
): Promise<string | null> {
  const made = embedder.value
  if (!made) return null
  let called = brand
  let fresh = 0 // facings that were no examples yet
  try {
    const mine = t('teach.my-brands')
    const pictures = await Promise.all(boxes.map((box) => examplePicture(picture, box)))
    await keepGallery(async (now) => {
      const known = now ?? (await galleryToTeach(mine))
      called = known.spelled(brand)
      const others = known.corrected(vectors, called, product)
      const learnt = others.learnt(vectors, called, product)
      const anew = indicesWhere(boxes.length, (i) => !learnt.has(i))
      fresh = anew.length
      if (!anew.length) return others
      const [rows, shown] = [rowsOf(vectors, anew, made.dimensions), anew.map((i) => pictures[i])]
      return product ? others.teach(called, product, rows, shown, made) : taughtLook(others, called, rows, shown, made)
    })
    tell('success', t(fresh ? 'teach.taught' : 'teach.known', { brand: inLine(called), n: fresh || boxes.length }))
    return called
  } catch (error) {
    return tellWhyNot(error, 'teach.refused') ? called : null
  }
}

/** Have the gallery `name` name the brands, a new one where there is none; tells the user what went wrong, and whether it does. */
export function beginGallery(name: string): Promise<boolean> {
  return changeGallery(() => galleryToTeach(name))
}

/** As `keepGallery`; tells the user what went wrong, and gives whether what was made is in use. */
export async function changeGallery(change: (now: Gallery | null) => Gallery | Promise<Gallery>): Promise<boolean> {
  try {
    await keepGallery(change)
    return true
  } catch (error) {
    return tellWhyNot(error, 'teach.not-changed')
  }
}

/** Whether it holds for this visit, which is told. */
function tellWhyNot(error: unknown, refused: Key): boolean {
  const held = error instanceof StoreError
  tell('error', t(held ? 'teach.not-saved' : refused, { detail: reason(error) }))
  return held
}

/**
 * Teach the facing number `which` and those of the same name that look like it.
 *
 * @param facings `null` for those that are removed.
 * @param vectors of the facings; zeros are one that was not embedded, which is made up for where it is to be taught.
 * @returns the brand as the gallery spells it; as it was given where it was not taught.
 */
export async function teachLike(picture: ImageBitmap, facings: readonly (Facing | null)[], vectors: Float32Array, which: number, brand: string): Promise<string> {
  const [made, now, chosen] = [embedder.value, auditor.value, facings[which]]
  if (!made || !now || !chosen) return brand
  const { dimensions, likeness } = made
  let own = vectors.subarray(which * dimensions, (which + 1) * dimensions)
  try {
    if (!own.some((value) => value)) own = await now.embed(await createImageBitmap(picture), Float32Array.from(chosen.box))
  } catch (error) {
    tell('error', t('teach.refused', { detail: reason(error) }))
    return brand
  }
  const alike = indicesWhere(facings.length, (i) => {
    if (i === which) return true
    if (facings[i]?.brand !== chosen.brand) return false
    let product = 0
    for (let k = 0; k < dimensions; k++) product += own[k] * vectors[i * dimensions + k]
    return product >= likeness
  })
  const taught = rowsOf(vectors, alike, dimensions)
  taught.set(own, alike.indexOf(which) * dimensions)
  return (await teachFacings(picture, alike.map((i) => facings[i]!.box), taught, brand, '')) ?? brand
}
