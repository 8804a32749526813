import { equal, ok } from "node:assert/strict";
import type { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { until } from "../../support/until.ts";

/** Descriptors that may come and go by themselves. */
const FEW = 5;
/** Memory that a daemon may keep from what it went through: what its engine's heap and the C library do not give back. */
const MEMORY = 384 * 2 ** 20;

/** How a daemon was before it met somebody hostile. */
export class Health {
  readonly #daemon: Daemon;
  readonly #descriptors: number;
  readonly #memory: number;

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
    this.#descriptors = descriptors(daemon.pid);
    this.#memory = memory(daemon.pid);
  }

  /** Looks at it once it has served somebody. */
  static async of(daemon: Daemon): Promise<Health> {
    await serves(daemon);
    return new Health(daemon);
  }

  /** Throws unless the daemon serves, has about as many descriptors, and not much more memory. */
  async check(): Promise<void> {
    await serves(this.#daemon);
    const { pid } = this.#daemon;
    await until("the daemon has let go of descriptors", () => descriptors(pid) <= this.#descriptors + FEW, 10);
    const now = memory(pid);
    ok(now <= this.#memory + MEMORY, `The daemon's memory went from ${this.#memory} to ${now} bytes`);
  }
}

/** Throws unless a client is served on a new connection. */
export async function serves(daemon: Daemon): Promise<void> {
  using https = await Https.as(daemon, "alice");
  equal(await https.status("/v1/version"), 200);
}

function descriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Resident bytes, see proc_pid_status(5). */
function memory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]) * 1024;
}
