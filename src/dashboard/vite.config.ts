import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineConfig, type Plugin } from 'vite';

// Where the orchestrator answers while the page is worked on: `npm run dev:dashboard`.
const orchestrator = 'http://127.0.0.1:7788';

// biome-ignore lint/style/noDefaultExport: Vite reads it so.
export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [thirdParty()],
  build: {
    outDir: '../../dist/dashboard',
    emptyOutDir: true,
    target: ['chrome123', 'firefox128', 'safari17.5'],
    modulePreload: { polyfill: false },
    // Inlined assets would need a weaker content security policy.
    assetsInlineLimit: 0,
  },
  server: {
    proxy: {
      // The name of the page goes along: it is how a WebSocket is known to come from there.
      '/api': { target: orchestrator, ws: true },
      '/session': orchestrator,
      '/health': orchestrator,
    },
  },
});

/** Writes what the page has of others, their licences, and where their source is, which the MPL asks for. */
function thirdParty(): Plugin {
  return {
    name: 'third-party',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((each) => (each.type === 'chunk' ? each.moduleIds : []));
      const licences = new Map<string, Set<string>>();
      for (const module of modules) {
        const root = /^.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(module)?.[0];
        if (!root) continue;
        licences.set(root, new Set([...(licences.get(root) ?? []), ...licencesAbove(dirname(module), root)]));
      }
      const parts = [...licences].map(([root, texts]) => [titleOf(root), ...texts].join('\n\n')).sort();
      const source = `What this page is made of besides Nexus Builder itself.\n\n${parts.join('\n\n---\n\n')}\n`;
      this.emitFile({ type: 'asset', fileName: 'third-party.txt', source });
    },
  };
}

function titleOf(root: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const source = `https://registry.npmjs.org/${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
  return `${name} ${version}, ${license}. Its source: ${source}`;
}

/** From a folder up to its package, which may hold what is of others in turn. */
function licencesAbove(folder: string, root: string): string[] {
  const files = readdirSync(folder).filter((name) => /^(licen[cs]e|copying)/i.test(name));
  const texts = files.map((name) => readFileSync(join(folder, name), 'utf8').trim());
  return folder === root ? texts : [...texts, ...licencesAbove(dirname(folder), root)];
}
