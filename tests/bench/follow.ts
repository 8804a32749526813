import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { type Figure, formatThroughput } from "./figure.ts";
import { formatGrowth, formatMemory, readMemory } from "./memory.ts";
import { run } from "./process.ts";

const FOLLOWERS = new URL("followers.ts", import.meta.url).pathname;
const endSchema = z.object({ hashes: z.array(z.string()), bytes: z.number() });

/** `count` followers of one live job that writes `mebibytes`: first while it is silent, then until its end. */
export function measureFollowers(count: number, mebibytes: number): (daemon: Daemon) => Promise<Figure[]> {
  return async (daemon) => {
    using https = await Https.as(daemon, "alice");
    const text = randomText(mebibytes * 2 ** 20);
    const [gate, file] = [join(daemon.folder.path, "gate"), join(daemon.folder.path, "text")];
    await run("mkfifo", [gate]);
    await Deno.writeTextFile(file, text);
    const { id } = await https.start({ command: "sh", args: ["-c", 'read go <"$1"; exec cat "$2"', "sh", gate, file] });
    const before = await readMemory(daemon.pid);
    await using followers = new Followers(
      `https://${daemon.address}/v1/jobs/${id}/stdout?follow=true`,
      daemon.certs,
      count,
    );
    await followers.line();
    const idle = await readMemory(daemon.pid);
    const start = performance.now();
    await Deno.writeTextFile(gate, "go\n");
    const { hashes, bytes } = endSchema.parse(JSON.parse(await followers.line()));
    const took = performance.now() - start;
    const after = await readMemory(daemon.pid);
    const equal = hashes.length === 1 && hashes[0] === createHash("sha256").update(text).digest("hex");
    const live: Figure = {
      what: `${count} followers of a live job writing ${mebibytes} MiB, together`,
      ours: formatThroughput(bytes, took),
      target: "every hash equal",
      held: equal,
      note: `the daemon's RSS: ${formatMemory(before.rss)} before, ${formatMemory(after.rss)} at the end`,
    };
    if (count < 500) return [live];
    return [live, {
      what: `memory for each of ${count} idle followers`,
      ours: `${((idle.rss - before.rss) / count).toFixed(1)} KiB`,
      target: "RSS under 100 KB",
      held: (idle.rss - before.rss) * 1.024 / count < 100,
      note: formatGrowth(before, idle, count),
    }];
  };
}

/** The process of followers.ts. */
class Followers implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(url: string, certs: string, count: number) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-net", "--allow-read", "--no-check", FOLLOWERS, url, certs, `${count}`],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line that it writes. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("The followers ended early");
      this.#text += value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#process.status;
    await this.#reader.cancel();
  }
}

/** Lines of text that do not repeat. */
function randomText(bytes: number): string {
  const lines: string[] = [];
  for (let length = 0; length < bytes; length += 64) {
    lines.push(crypto.getRandomValues(new Uint8Array(32)).toHex().slice(1));
  }
  return lines.join("\n") + "\n";
}
