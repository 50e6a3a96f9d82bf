import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

// One file without imports: the exporter hands it to whatever JavaScript runtime there is.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    target: 'es2022',
    outDir: '../dist-proof',
    emptyOutDir: true,
    lib: { entry: 'proof.ts', formats: ['es'], fileName: () => 'proof.js' },
  },
  define: { 'process.env.NODE_ENV': '"production"' },
})
