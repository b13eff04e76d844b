import { runChecked } from '../../transport/run-checked.ts';
import type { Transport } from '../../transport/transport.ts';
import { isPlace, settingsFolders } from './places.ts';
import type { SettingsFile } from './read-settings.ts';

/** Names what we have put into the builder, one path a line, so that it can be removed again. */
const listFile = '/etc/nexus/settings';

/** What was put there by an earlier start and is not wanted any more. */
export function toRemove(list: string, files: readonly Pick<SettingsFile, 'path'>[]): string[] {
  const wanted = new Set(files.map(({ path }) => path));
  return list.split('\n').filter((path) => isPlace(path) && !wanted.has(path));
}

/**
 * Makes the settings those of the builder. Contents go through the connection's standard input and into files that
 * only root reads: not into a command line, an image or a log.
 */
export async function putSettings(
  transport: Transport,
  files: readonly SettingsFile[],
  signal?: AbortSignal,
): Promise<void> {
  const options = signal ? { signal } : {};
  const { stdout: list } = await transport.run(['cat', listFile], options);
  if (files.length === 0 && list === '') return;
  for (const { path, mode } of settingsFolders) {
    await runChecked(transport, ['mkdir', '-p', '-m', mode, path], options);
  }
  for (const { path, content } of files) await transport.put(path, content, options);
  await runChecked(transport, ['rm', '-f', '--', ...toRemove(list, files)], options);
  const names = files.map(({ path }) => `${path}\n`).join('');
  await transport.put(listFile, names, { ...options, mode: 0o644 });
}
