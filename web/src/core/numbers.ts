/** Small sums over lists of numbers, as NumPy does them. */

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / values.length
}

/** The value below which the part `q` (0 to 1) of `values` lies, linear between neighbours. */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values).sort()
  const place = q * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (place - below) * (sorted[above] - sorted[below])
}

export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5)
}

/** The value at `x` of the curve through the points (`xs`, `ys`), level beyond its ends. */
export function interpolate(x: number, xs: readonly number[], ys: readonly number[]): number {
  if (!(x > xs[0])) return ys[0]
  for (let i = 1; i < xs.length; i++)
    if (x < xs[i]) return ys[i - 1] + ((x - xs[i - 1]) / (xs[i] - xs[i - 1])) * (ys[i] - ys[i - 1])
  return ys[ys.length - 1]
}

/** The different values of `values`, ascending. */
export function unique(values: ArrayLike<number>): number[] {
  return [...new Set(Array.from(values))].sort((a, b) => a - b)
}
