import { clean } from "../../lib/client/terminal.ts";

/** Milliseconds between two lines of progress: where they replace each other, and where they stay. */
const PACE = { terminal: 100, file: 1000 };

/** Tells the story of the demo: what is about to happen, what a user would type for it, and whether it went as it should. */
export class Narrator {
  readonly #terminal = Deno.stdout.isTerminal();
  readonly #colour = this.#terminal && !Deno.noColor;
  #steps = 0;
  #progressAt = 0;
  #inProgress = false;

  /** Begins a step. */
  step(text: string): void {
    this.#print(`\n${this.#paint(1, `${++this.#steps}. ${text}`)}`);
  }

  /** Shows a command line as a user would type it. */
  command(line: string): void {
    this.#print(`   ${this.#paint(36, `$ ${line}`)}`);
  }

  /** Says something besides; it may have several lines. */
  say(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.#print(`   ${line}`);
  }

  /** What is going on right now: on a terminal a line that changes, elsewhere a line a second. */
  progress(text: string): void {
    const now = performance.now();
    if (now - this.#progressAt < (this.#terminal ? PACE.terminal : PACE.file)) return;
    this.#progressAt = now;
    const line = `   ${clean(text)}`;
    if (!this.#terminal) return this.#print(line);
    this.#write(`\r\x1b[K${this.#paint(2, line.slice(0, Deno.consoleSize().columns - 1))}`);
    this.#inProgress = true;
  }

  /**
   * Makes sure of something that must be so.
   * @throws {Error} when it is not.
   */
  check(holds: boolean, text: string): void {
    if (!holds) throw new Error(`This does not hold: ${text}`);
    this.#print(`   ${this.#paint(32, "✓")} ${text}`);
  }

  /** The last word. */
  end(text: string, good: boolean): void {
    this.#print(`\n${this.#paint(good ? 32 : 31, text)}`);
  }

  #print(line: string): void {
    if (this.#inProgress) this.#write("\r\x1b[K");
    this.#inProgress = false;
    this.#write(`${line}\n`);
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
  }

  #paint(code: number, text: string): string {
    return this.#colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}
