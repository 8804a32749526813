import type { Daemon } from "../support/daemon.ts";
import { type ClientOptions, type Ended, spawnTeleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";

/** The real client while it runs. It is killed at the end of its scope, if it has not ended by itself. */
export class LiveClient implements AsyncDisposable {
  /** What it has written so far. */
  stdout = "";
  /** What it has written so far. */
  stderr = "";
  /** How it ends. */
  readonly ended: Promise<Ended>;
  readonly #process: Deno.ChildProcess;

  /** Starts it. */
  constructor(daemon: Pick<Daemon, "address" | "certs">, args: readonly string[], options?: ClientOptions) {
    this.#process = spawnTeleworker(daemon, args, options);
    this.ended = this.#run();
  }

  /** Sends it a signal, as a terminal does on Ctrl-C. */
  signal(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** Waits until its stdout has this. */
  async prints(text: string): Promise<void> {
    await until(`the client prints ${JSON.stringify(text)}`, () => this.stdout.includes(text));
  }

  /** Waits until its stderr has this. */
  async notes(text: string): Promise<void> {
    await until(`the client notes ${JSON.stringify(text)}`, () => this.stderr.includes(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.signal("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.ended;
  }

  async #run(): Promise<Ended> {
    const { stdout, stderr, status } = this.#process;
    const [{ code }] = await Promise.all([
      status,
      read(stdout, (text) => this.stdout += text),
      read(stderr, (text) => this.stderr += text),
    ]);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }
}

async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>, take: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
}
