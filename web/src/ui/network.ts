/** Whether there is a network; the app itself needs none. */

import { signal } from '@preact/signals'

export const offline = signal(!navigator.onLine)
addEventListener('online', () => (offline.value = false))
addEventListener('offline', () => (offline.value = true))
