import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** The module `name` beside `from`, with the extension that this code has now: `.ts`, or `.js` once compiled. */
export function threadModule(name: string, from: string): URL {
  return new URL(`${name}${extname(from)}`, from);
}

/** Their bytes are in buffers, outside of what V8 collects; what it may have by default it would also take. */
const resourceLimits = { maxYoungGenerationSizeMb: 2 };

/** Starts a thread; one of TypeScript first needs the loader, which Node.js 20 does not hand on to threads. */
export function startThread(module: URL, workerData: unknown): Worker {
  const options = { workerData, resourceLimits };
  if (extname(module.pathname) !== '.ts') return new Worker(module, options);
  const load = `import('tsx/esm/api').then(({ register }) => {
    register();
    return import(${JSON.stringify(module.href)});
  })`;
  return new Worker(load, { ...options, eval: true });
}
