import { defineConfig } from 'vite'

// Threads share memory, which browsers allow to pages with these two headers; without them the engine runs on one thread.
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  server: { headers },
  preview: { headers },
  // The engine comes in pieces, of which a page loads those that it needs.
  worker: { format: 'es' },
})
