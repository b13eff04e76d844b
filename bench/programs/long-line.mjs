// Carries packets between two TUN devices, the file descriptors 3 and 4, as a long line does: late, and not all of
// them. What tc's netem does where the kernel has it; here it works with every kernel.
import { read, writeSync } from 'node:fs';

const [delayMs, loss] = process.argv.slice(2).map(Number);
/** Packets that a router would keep; more are dropped, as there. */
const most = 20_000;

/** A device that is not up yet takes nothing: as on a real line, what is sent to it is lost. */
function send(to, packet) {
  try {
    writeSync(to, packet);
  } catch (error) {
    if (error.code !== 'EIO') throw error;
  }
}

function carry(from, to) {
  const line = [];
  let timer;
  const deliver = () => {
    timer = undefined;
    const now = performance.now();
    while (line.length > 0 && line[0].due <= now) send(to, line.shift().packet);
    if (line.length > 0) timer = setTimeout(deliver, line[0].due - now);
  };
  const buffer = Buffer.alloc(65_536);
  const next = () =>
    read(from, buffer, 0, buffer.length, null, (error, length) => {
      if (error) throw error;
      if (Math.random() >= loss && line.length < most) {
        line.push({ due: performance.now() + delayMs, packet: Buffer.from(buffer.subarray(0, length)) });
        if (timer === undefined) timer = setTimeout(deliver, delayMs);
      }
      next();
    });
  next();
}

carry(3, 4);
carry(4, 3);
console.log('ready');
