import { describe, expect, test, vi } from 'vitest'
import { Fingers } from '../../src/ui/shelf-canvas'

vi.mock('../../src/ui/components', () => ({ Button: () => null })) // it needs a page

const at = (x: number, y = 0): { x: number; y: number } => ({ x, y })

describe('one finger', () => {
  test.each([
    ['taps', 5, null, 'tap'],
    ['drags', 50, { from: at(0) }, 'drag'],
  ])('%s', (_, to, motion, ended) => {
    const fingers = new Fingers()
    fingers.down(1, at(0))
    expect(fingers.move(1, at(to))).toEqual(motion)
    expect(fingers.up(1)).toBe(ended)
    expect(fingers.count).toBe(0)
  })

  test('that was not down does nothing', () => {
    const fingers = new Fingers()
    expect(fingers.move(1, at(50))).toBeNull()
    expect(fingers.up(1)).toBeNull()
  })

  test('that was called off does nothing', () => {
    const fingers = new Fingers()
    fingers.down(1, at(0))
    fingers.cancel(1)
    expect(fingers.up(1)).toBeNull()
  })
})

describe('two fingers', () => {
  const pinching = (): Fingers => {
    const fingers = new Fingers()
    fingers.down(1, at(0))
    fingers.down(2, at(100))
    return fingers
  }

  test('pinch', () => expect(pinching().move(2, at(200))).toEqual({ times: 2, middle: at(100) }))

  test.each([
    [1, 2],
    [2, 1],
  ])('do nothing more once finger %i is lifted, whatever finger %i does', (first, last) => {
    const fingers = pinching()
    fingers.move(2, at(200))
    expect(fingers.up(first)).toBeNull()
    expect(fingers.move(last, at(500, 500))).toBeNull()
    expect(fingers.up(last)).toBeNull()
  })

  test('pinch again when the second comes back, from where the first is by then', () => {
    const fingers = pinching()
    fingers.up(2)
    fingers.move(1, at(60))
    fingers.down(2, at(160))
    expect(fingers.move(2, at(260))).toEqual({ times: 2, middle: at(160) })
  })

  test('and a third neither pinch nor drag', () => {
    const fingers = pinching()
    fingers.down(3, at(300))
    expect(fingers.move(3, at(500))).toBeNull()
  })
})
