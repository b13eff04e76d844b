/**
 * What has been acquired and must be given back: in reverse order, each exactly once, also when one of them fails.
 * (`AsyncDisposableStack` does the same from Node.js 24 on.)
 */
export class CleanUp implements AsyncDisposable {
  #tasks: (() => unknown)[] = [];
  #disposed = false;

  /** Registers a task; belongs on the line after what it undoes. */
  defer(task: () => unknown): void {
    if (!this.#disposed) this.#tasks.push(task);
    // Work that was given up may still acquire something, and nobody is left to give it back.
    else
      void Promise.resolve()
        .then(task)
        .catch(() => {});
  }

  use<T extends AsyncDisposable>(resource: T): T {
    this.defer(() => resource[Symbol.asyncDispose]());
    return resource;
  }

  /** Hands all tasks to a new owner; this one has nothing left to do. */
  move(): CleanUp {
    const next = new CleanUp();
    next.#tasks = this.#tasks;
    this.#tasks = [];
    return next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const errors: unknown[] = [];
    for (let task = this.#tasks.pop(); task; task = this.#tasks.pop()) {
      try {
        await task();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'Several clean-ups failed');
  }
}
