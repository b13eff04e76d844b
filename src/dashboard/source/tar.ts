/** A file as it goes into an archive. */
export interface SourceFile {
  /** Relative, with slashes. */
  path: string;
  content: Blob;
}

const blockSize = 512;

/** A tar archive of files, as the API takes sources; it reads nothing into memory. */
export function tarOf(files: readonly SourceFile[]): Blob {
  const parts = files.flatMap(({ path, content }) => [
    ...headersOf(path, content.size),
    content,
    padding(content.size),
  ]);
  return new Blob([...parts, new Uint8Array(2 * blockSize)], { type: 'application/x-tar' });
}

/** One header, and before it one for a path that has no place in it (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html). */
function headersOf(path: string, size: number): Uint8Array<ArrayBuffer>[] {
  const name = new TextEncoder().encode(path);
  if (name.length <= 100) return [header(name, size, '0')];
  const record = paxRecord('path', path);
  return [
    header(new TextEncoder().encode('PaxHeader'), record.length, 'x'),
    record,
    padding(record.length),
    header(name.subarray(0, 100), size, '0'),
  ];
}

/** `LENGTH path=VALUE\n`, where the length counts itself as well. */
function paxRecord(key: string, value: string): Uint8Array<ArrayBuffer> {
  const rest = new TextEncoder().encode(` ${key}=${value}\n`).length;
  let length = rest + 1;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return new TextEncoder().encode(`${length} ${key}=${value}\n`);
}

function header(name: Uint8Array, size: number, type: '0' | 'x'): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockSize);
  const put = (offset: number, text: string) => block.set(new TextEncoder().encode(text), offset);
  const octal = (number: number, digits: number) => number.toString(8).padStart(digits, '0');
  block.set(name, 0);
  put(100, `${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`);
  put(124, `${octal(size, 11)}\0${octal(0, 11)}\0`);
  put(148, '        ');
  put(156, type);
  put(257, 'ustar\x0000');
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${octal(sum, 6)}\0 `);
  return block;
}

function padding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((blockSize - (size % blockSize)) % blockSize);
}
