/** Adding the app to the home screen, where the browser offers it. */

import { signal } from '@preact/signals'

/** Chromium's event before it would ask the user; not in TypeScript's DOM types. */
interface InstallEvent extends Event {
  prompt(): Promise<unknown>
}

let offered: InstallEvent | null = null
export const installable = signal(false)

addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault() // the settings page offers it instead
  offered = event as InstallEvent
  installable.value = true
})
addEventListener('appinstalled', () => (installable.value = false))

export async function install(): Promise<void> {
  await offered?.prompt()
  offered = null
  installable.value = false
}
