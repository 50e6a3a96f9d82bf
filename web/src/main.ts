import { createElement, render } from 'preact'
import { App } from './ui/app'
import { findCutOff } from './ui/cut-off'
import { findLeft } from './ui/draft'
import { narrowPolicy } from './ui/policy'
import { start } from './ui/session'
import { startUpdates } from './ui/updates'

narrowPolicy()
render(createElement(App, null), document.getElementById('app')!)
await startUpdates()
void findLeft()
void findCutOff()
await start()
