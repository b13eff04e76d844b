/** What nix-build has said so far about its work; feed it everything it prints. */
export class NixProgress {
  #toBuild = 0;
  #toFetch = 0;
  #built = 0;
  #fetched = 0;
  #rest = '';

  /** @returns the present state in one line, or nothing while Nix has not said what there is to do. */
  read(text: string): string | undefined {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    if (this.#toBuild + this.#toFetch === 0) return undefined;
    return `${this.#fetched} of ${this.#toFetch} paths fetched, ${this.#built} of ${this.#toBuild} derivations built`;
  }

  /** The wording is that of Nix's own messages (src/libmain/shared.cc, printMissing). */
  #line(line: string): void {
    const planned = /^these (\d+) (derivations will be built|paths will be fetched)/.exec(line);
    if (planned?.[2]?.startsWith('derivations')) this.#toBuild += Number(planned[1]);
    else if (planned) this.#toFetch += Number(planned[1]);
    else if (/^this derivation will be built/.test(line)) this.#toBuild += 1;
    else if (/^this path will be fetched/.test(line)) this.#toFetch += 1;
    else if (/^copying path '/.test(line)) this.#fetched += 1;
    else if (/^building '/.test(line)) this.#built += 1;
  }
}
