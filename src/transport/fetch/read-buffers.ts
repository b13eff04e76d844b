/** What one read of a socket takes at most. */
const readBytes = 128 * 1024;

const count = 8;

/**
 * Memory for what arrives over a connection. Node.js takes new memory for every read, and its collector then has as
 * much to do as the decryption; here it is used again and again, as soon as nobody keeps any of what arrives.
 */
export class ReadBuffers {
  readonly #ring = Buffer.allocUnsafeSlow(count * readBytes);
  #next = 0;
  /** Nobody keeps what arrives any longer than its listeners take, but for a key exchange: the ring is for that. */
  mayReuse = false;

  readonly next = (): Buffer => {
    if (!this.mayReuse) return Buffer.allocUnsafeSlow(readBytes);
    const start = this.#next * readBytes;
    this.#next = (this.#next + 1) % count;
    return this.#ring.subarray(start, start + readBytes);
  };
}
