import { fileURLToPath } from 'node:url'

import { defineConfig, mergeConfig } from 'vite'

import app from '../vite.config'

const here = fileURLToPath(new URL('.', import.meta.url))

// The page that benchmarks/web_speed.py and the browser tests of the core drive; it is no part of the app.
export default defineConfig(
  mergeConfig(
    { ...app, build: { ...app.build, rolldownOptions: {} } },
    { root: here, build: { outDir: '../dist-bench', emptyOutDir: true } },
  ),
)
