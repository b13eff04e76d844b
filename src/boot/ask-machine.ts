import { anySignal } from '../transport/signals.ts';
import type { BootMachine } from './machine.ts';
import { Qmp } from './qmp.ts';

const limitMs = 20_000;

/** Lets a machine run that was started; it stands still until then. */
export async function letRun(machine: BootMachine): Promise<void> {
  await ask(machine, 'cont', {});
}

/** The screen of a running machine as PNG. */
export async function takeScreenshot(machine: BootMachine): Promise<Buffer> {
  const name = 'screen.png';
  // PNG since QEMU 7.1.
  await ask(machine, 'screendump', { filename: `${machine.folder}/${name}`, format: 'png' });
  return machine.read(name);
}

async function ask(machine: BootMachine, command: string, args: Record<string, unknown>): Promise<void> {
  const signal = anySignal(AbortSignal.timeout(limitMs), machine.ended);
  using qmp = await Qmp.open(await machine.connect('qmp'), signal);
  await qmp.execute(command, args, signal);
}
