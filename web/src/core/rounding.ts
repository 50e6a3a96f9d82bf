/** `value` rounded as Python does: halves to the even neighbour. */
export function roundEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1
  return below % 2 ? below + 1 : below
}
