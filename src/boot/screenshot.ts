import type { BootMachine } from './machine.ts';
import { Qmp } from './qmp.ts';

const limitMs = 20_000;

/** The screen of a running machine as PNG. */
export async function takeScreenshot(machine: BootMachine): Promise<Buffer> {
  const signal = AbortSignal.any([AbortSignal.timeout(limitMs), machine.ended]);
  using qmp = await Qmp.open(await machine.connect('qmp'), signal);
  const name = 'screen.png';
  // PNG since QEMU 7.1.
  await qmp.execute('screendump', { filename: `${machine.folder}/${name}`, format: 'png' }, signal);
  return machine.read(name);
}
