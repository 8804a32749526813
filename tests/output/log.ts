import { createHash } from "node:crypto";
import { join } from "node:path";
import { readLog, type ReadOptions, Wakeups } from "../../lib/output/mod.ts";

/** A log in a folder of its own, which a test can let grow and end, with the wakeups for its followers. */
export class TestLog implements AsyncDisposable {
  readonly path: string;
  readonly name = "job.stdout";
  readonly wakeups: Wakeups;
  /** How many readers have ended. */
  closed = 0;
  readonly #folder: string;
  readonly #file: Deno.FsFile;
  #complete = false;

  private constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, this.name);
    this.#file = Deno.openSync(this.path, { append: true, create: true });
    this.wakeups = new Wakeups(folder);
  }

  /** Makes one that holds these bytes. */
  static async create(content: Uint8Array | string = ""): Promise<TestLog> {
    const log = new TestLog(await Deno.makeTempDir({ prefix: "tw-" }));
    log.append(content);
    return log;
  }

  /** Writes like the job's `cat`: followers learn of it from the kernel. */
  append(content: Uint8Array | string): void {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    for (let written = 0; written < bytes.length;) written += this.#file.writeSync(bytes.subarray(written));
  }

  /** Ends the log, like the job's end. */
  complete(): void {
    this.#complete = true;
    this.wakeups.wake(this.name);
  }

  /** Opens a reader of what is there. */
  async read(options: Partial<ReadOptions> = {}): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { signal } = new AbortController();
    return await readLog(this.path, { offset: 0, signal, onClose: () => this.closed++, ...options });
  }

  /** Opens a reader to the end of the log. */
  async follow(options: Partial<ReadOptions> = {}): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return await this.read({ follow: { wakeups: this.wakeups, isComplete: () => this.#complete }, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.wakeups[Symbol.dispose]();
    this.#file.close();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Everything of a stream. */
export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

/** Everything of a stream as text. */
export async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return new TextDecoder().decode(await bytesOf(stream));
}

/** The hash of everything of a stream, without keeping it. */
export async function hashOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest("hex");
}

/** Bytes of every value, also NUL and what is not UTF-8, without a pattern; the same for the same length. */
export function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let index = 0; index < length; index++) {
    // Numerical Recipes' linear congruential generator; its high bits are the better ones.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
