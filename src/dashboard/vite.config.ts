import { defineConfig } from 'vite';

// Where the orchestrator answers while the page is worked on: `npm run dev:dashboard`.
const orchestrator = 'http://127.0.0.1:7788';

// biome-ignore lint/style/noDefaultExport: Vite reads it so.
export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/dashboard',
    emptyOutDir: true,
    target: ['chrome123', 'firefox128', 'safari17.5'],
    modulePreload: { polyfill: false },
    // Inlined assets would need a weaker content security policy.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': orchestrator, '/session': orchestrator, '/health': orchestrator } },
});
