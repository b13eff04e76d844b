import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';

/** Ctrl-], as telnet and virsh have it. */
const endKey = 0x1d;

/** Connects a terminal to a serial line until the line ends or Ctrl-] is typed. */
export async function talkSerial(
  serial: Duplex,
  input: NodeJS.ReadStream,
  out: NodeJS.WriteStream,
): Promise<void> {
  const type = (keys: Buffer) => {
    const end = keys.indexOf(endKey);
    serial.write(end === -1 ? keys : keys.subarray(0, end));
    if (end !== -1) serial.destroy();
  };
  if (input.isTTY) input.setRawMode(true);
  input.on('data', type);
  serial.on('data', (chunk: Buffer) => out.write(chunk));
  try {
    await finished(serial, { writable: false });
  } catch (error) {
    // Ended by us.
    if (!serial.destroyed || serial.errored) throw error;
  } finally {
    input.off('data', type);
    if (input.isTTY) input.setRawMode(false);
    input.pause();
  }
}
