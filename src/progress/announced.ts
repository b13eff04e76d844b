/** What Nix says before it begins (`printMissing` in its shared.cc): how much there is to fetch and to build. */
export class Announced {
  paths = 0;
  /** Bytes of the paths, unpacked. */
  bytes = 0;
  derivations = 0;
  /** Derivations that have not begun, by path. */
  readonly waiting = new Set<string>();
  /** There were too many to keep: nothing can be said of what waits. */
  overflow = false;

  read(text: string): void {
    const path = /^ {2}(\/\S+\.drv)$/.exec(text)?.[1];
    if (path !== undefined) this.#add(path);
    const derivations = /^(?:these (\d+)|this) derivations? will be built/.exec(text);
    if (derivations) this.derivations += Number(derivations[1] ?? 1);
    const paths =
      /^(?:these (\d+)|this) paths? will be fetched(?: \(.*?([\d.]+) ([KMGT]?i?B) unpacked)?/.exec(text);
    if (!paths) return;
    this.paths += Number(paths[1] ?? 1);
    this.bytes += Math.round(Number(paths[2] ?? 0) * (units[paths[3] ?? ''] ?? 1));
  }

  #add(path: string): void {
    if (this.waiting.size >= mostWaiting) this.overflow = true;
    else this.waiting.add(path);
  }
}

/** A whole desktop system, nothing of it in a cache, has some ten thousand. */
const mostWaiting = 50_000;

const units: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
