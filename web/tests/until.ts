import { vi } from 'vitest'

/** Until `check` throws nothing, however slow the machine is; Vitest's own patience is a second. */
export function until(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 20_000 })
}
