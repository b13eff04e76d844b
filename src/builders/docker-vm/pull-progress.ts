/** What the Engine says of one layer while it pulls an image. */
export interface LayerNews {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
}

/** How far a pull is, in one line. */
export class PullProgress {
  readonly #layers = new Map<string, LayerNews>();

  read(news: LayerNews): string {
    if (news.id) this.#layers.set(news.id, news);
    let [current, total] = [0, 0];
    for (const { progressDetail, status } of this.#layers.values()) {
      if (status !== 'Downloading') continue;
      current += progressDetail?.current ?? 0;
      total += progressDetail?.total ?? 0;
    }
    const done = [...this.#layers.values()].filter(({ status }) => status === 'Pull complete').length;
    const layersDone = `${done} of ${this.#layers.size} layers`;
    return total > 0 ? `${layersDone}, ${megabytes(current)} of ${megabytes(total)} MB` : layersDone;
  }
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);
