import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

// The service worker keeps its name and place: it governs the folder that it lies in.
const serviceWorker: Record<string, string> = existsSync('src/sw.ts') ? { sw: 'src/sw.ts' } : {}

export default defineConfig({
  base: './', // works under any path, as on GitHub Pages
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // a Content-Security-Policy without data: addresses
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { main: 'index.html', ...serviceWorker },
      output: { entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js') },
    },
  },
  worker: { format: 'es' },
  test: { include: ['tests/**/*.test.ts'], testTimeout: 30_000 },
})
