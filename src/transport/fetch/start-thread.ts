import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** The module `name` beside `from`, with the extension that this code has now: `.ts`, or `.js` once compiled. */
export function threadModule(name: string, from: string): URL {
  return new URL(`${name}${extname(from)}`, from);
}

/** Starts a thread; one of TypeScript first needs the loader, which Node.js 20 does not hand on to threads. */
export function startThread(module: URL, workerData: unknown): Worker {
  if (extname(module.pathname) !== '.ts') return new Worker(module, { workerData });
  const load = `import('tsx/esm/api').then(({ register }) => {
    register();
    return import(${JSON.stringify(module.href)});
  })`;
  return new Worker(load, { eval: true, workerData });
}
