import { execa } from 'execa';

const bootMs = 180_000;
const attempts = 2;

/**
 * Boots an image in QEMU, emulated, and waits for a text on its serial console.
 * About one boot in sixty hangs on a busy machine, so there is a second try.
 * @returns the console up to the text.
 */
export async function bootUntil(text: string, qemuArguments: readonly string[]): Promise<string> {
  let console_ = '';
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    console_ = await bootOnce(text, qemuArguments);
    if (console_.includes(text)) return console_;
  }
  throw new Error(
    `the image did not print ${JSON.stringify(text)} within ${bootMs / 1000} s; its console ends with:\n${console_.slice(-3000)}`,
  );
}

async function bootOnce(text: string, qemuArguments: readonly string[]): Promise<string> {
  // QEMU 7.2's cmpxchg16b emulation makes some kernels panic.
  const common = [
    '-accel',
    'tcg,thread=multi',
    '-cpu',
    'max,-cx16',
    '-m',
    '512',
    '-nodefaults',
    '-display',
    'none',
  ];
  const qemu = execa('qemu-system-x86_64', [...common, '-serial', 'stdio', '-no-reboot', ...qemuArguments], {
    stdin: 'ignore',
    buffer: false,
    reject: false,
    timeout: bootMs,
  });
  let seen = '';
  qemu.stdout.on('data', (chunk: Buffer) => {
    seen += chunk;
    if (seen.includes(text)) qemu.kill('SIGKILL');
  });
  await qemu;
  return seen;
}
