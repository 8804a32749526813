/** Lets so many pass in a while, and tells how many more there were. */
export class Allowance implements Disposable {
  readonly #most: number;
  readonly #milliseconds: number;
  readonly #tell: (count: number, since: Date) => void;
  #passed = 0;
  #more = 0;
  #since = new Date();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Lets `most` pass in `milliseconds`, counted from the first. At their end `tell` is told how many did not pass, if there were
   * any, and since when.
   */
  constructor(most: number, milliseconds: number, tell: (count: number, since: Date) => void) {
    this.#most = most;
    this.#milliseconds = milliseconds;
    this.#tell = tell;
  }

  /** Whether one more may pass. */
  take(): boolean {
    this.#timer ??= setTimeout(() => this[Symbol.dispose](), this.#milliseconds);
    if (this.#passed < this.#most) {
      this.#passed++;
      return true;
    }
    if (this.#more++ === 0) this.#since = new Date();
    return false;
  }

  /** Tells what is still to be told, and begins anew. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const more = this.#more;
    this.#passed = this.#more = 0;
    if (more > 0) this.#tell(more, this.#since);
  }
}
