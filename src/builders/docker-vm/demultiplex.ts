/** Frames of Docker's attach protocol: 8 bytes of header (stream, 0, 0, 0, length as uint32 BE), then the text. */
export function demultiplex(log: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length; ) {
    const length = log.readUInt32BE(at + 4);
    parts.push(log.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString();
}
