import { createHash } from "node:crypto";

/** How a follower came to its end. */
export interface Followed {
  readonly code: number;
  /** SHA-256 in hexadecimal. */
  readonly stdoutDigest: string;
  /** SHA-256 in hexadecimal. */
  readonly stderrDigest: string;
}

/** A client that follows a job: counts and hashes what it gets of both streams, and keeps the one, if that is wanted. */
export class Follower {
  /** Bytes got so far. */
  stdoutBytes = 0;
  /** Lines got so far. */
  stderrLines = 0;
  /** The newest of them. */
  stderrLine = "";
  /** Resolves at its first bytes of both streams, or at its end. */
  readonly underWay: Promise<void>;
  /** Resolves at its end. */
  readonly ended: Promise<Followed>;
  readonly #begun = Promise.withResolvers<void>();

  /** `onProgress` is called for every piece that comes; stdout goes to the file `keep`. */
  constructor(process: Deno.ChildProcess, onProgress: (follower: Follower) => void, keep?: string) {
    this.underWay = this.#begun.promise;
    this.ended = this.#follow(process, onProgress, keep);
  }

  async #follow(
    process: Deno.ChildProcess,
    onProgress: (follower: Follower) => void,
    keep?: string,
  ): Promise<Followed> {
    const progress = () => {
      if (this.stdoutBytes > 0 && this.stderrLines > 0) this.#begun.resolve();
      onProgress(this);
    };
    try {
      const [{ code }, stdoutDigest, stderrDigest] = await Promise.all([
        process.status,
        this.#readStdout(process.stdout, progress, keep),
        this.#readStderr(process.stderr, progress),
      ]);
      return { code, stdoutDigest, stderrDigest };
    } finally {
      this.#begun.resolve();
    }
  }

  async #readStdout(stream: ReadableStream<Uint8Array>, progress: () => void, keep?: string): Promise<string> {
    const hash = createHash("sha256");
    using file = keep === undefined ? null : await Deno.open(keep, { write: true, createNew: true, mode: 0o600 });
    for await (const bytes of stream) {
      hash.update(bytes);
      for (let written = 0; file !== null && written < bytes.length;) {
        written += await file.write(bytes.subarray(written));
      }
      this.stdoutBytes += bytes.length;
      progress();
    }
    return hash.digest("hex");
  }

  async #readStderr(stream: ReadableStream<Uint8Array>, progress: () => void): Promise<string> {
    const hash = createHash("sha256");
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of stream) {
      hash.update(bytes);
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      this.stderrLines += lines.length;
      this.stderrLine = lines.at(-1) ?? this.stderrLine;
      progress();
    }
    return hash.digest("hex");
  }
}
