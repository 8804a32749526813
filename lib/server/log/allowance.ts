/** Lets so many pass in a while, and tells how many more there were. */
export class Allowance implements Disposable {
  readonly #most: number;
  readonly #milliseconds: number;
  readonly #tell: (count: number, since: Date) => void;
  #passed = 0;
  #more = 0;
  #since = new Date();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  /**
   * Lets `most` pass in `milliseconds`, counted from the first. At their end `tell` is told how many did not pass, if there were
   * any, and since when.
   */
  constructor(most: number, milliseconds: number, tell: (count: number, since: Date) => void) {
    this.#most = most;
    this.#milliseconds = milliseconds;
    this.#tell = tell;
  }

  /** Whether one more may pass; none may once it is disposed of. */
  take(): boolean {
    if (this.#over) return false;
    this.#timer ??= setTimeout(() => this.#beginAnew(), this.#milliseconds);
    if (this.#passed < this.#most) {
      this.#passed++;
      return true;
    }
    if (this.#more++ === 0) this.#since = new Date();
    return false;
  }

  /** Tells what is still to be told. */
  [Symbol.dispose](): void {
    this.#over = true;
    this.#beginAnew();
  }

  #beginAnew(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const more = this.#more;
    this.#passed = this.#more = 0;
    if (more > 0) this.#tell(more, this.#since);
  }
}
