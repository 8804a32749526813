import { join } from "node:path";
import { z } from "zod";
import { Daemon } from "../../support/daemon.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { pause } from "./ask.ts";
import { command } from "./command.ts";

/** What the host may run out of. */
export type Resource = "nproc" | "nofile";

/** A daemon of an account of its own, which can be given less of something at any time. */
export class PoorDaemon implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #uid: number;
  /** The daemon itself. */
  readonly daemon: Daemon;

  private constructor(daemon: Daemon, uid: number, stack: AsyncDisposableStack) {
    this.daemon = daemon;
    this.#uid = uid;
    this.#stack = stack;
  }

  /** Starts it as this account, which has no other processes. Only root can. */
  static async start(uid: number): Promise<PoorDaemon> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await TemporaryFolder.create());
    const cache = join(folder.path, "cache");
    await Deno.mkdir(cache);
    // Hard links where they can be had, for speed; access(2), by which Deno looks, knows nothing of capabilities.
    const npm = join(cache, "npm");
    await command("cp", "--recursive", "--link", await npmCache(), npm)
      .catch(async () => await command("cp", "--recursive", "--force", await npmCache(), npm));
    for (const path of [folder.path, cache]) await Deno.chown(path, uid, uid);
    // It may read, not write, what is root's: the program, the certificates.
    const capability = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
    const daemon = stack.use(
      await Daemon.start({
        state: join(folder.path, "state"),
        prefix: ["setpriv", ...accountOf(uid), ...capability],
        env: { DENO_DIR: cache, XDG_CACHE_HOME: cache },
      }),
    );
    return new PoorDaemon(daemon, uid, stack.move());
  }

  /** Lets it have so many more than it has now; null for as many as in the beginning. Jobs that run keep what they may have. */
  async allow(resource: Resource, more: number | null): Promise<void> {
    const { pid } = this.daemon;
    const limit = more === null
      ? await hardLimit(pid, resource)
      : String(resource === "nproc" ? this.#tasks() + more : await this.#below(more));
    // As that account: the kernel lets only it, and not every root, change its limits (prlimit(2)).
    await command("setpriv", ...accountOf(this.#uid), "prlimit", `--pid=${pid}`, `--${resource}=${limit}:`);
  }

  /** Processes and threads of the account. */
  #tasks(): number {
    let tasks = 0;
    for (const { name } of Deno.readDirSync("/proc")) if (/^\d+$/.test(name)) tasks += this.#tasksOf(name);
    return tasks;
  }

  /** The number below which so many descriptors are free: the limit is one of numbers, not of how many are open (getrlimit(2)). */
  async #below(free: number): Promise<number> {
    let used = await this.#descriptors();
    // Not those that are open only for a moment.
    for (let look = 0; look < 10; look++) used = used.intersection(await this.#descriptors());
    let limit = 0;
    for (let found = 0; found < free || used.has(limit); limit++) if (!used.has(limit)) found++;
    return limit;
  }

  async #descriptors(): Promise<Set<number>> {
    await pause(5);
    return new Set([...Deno.readDirSync(`/proc/${this.daemon.pid}/fd`)].map(({ name }) => Number(name)));
  }

  #tasksOf(pid: string): number {
    try {
      if (Deno.statSync(`/proc/${pid}`).uid !== this.#uid) return 0;
      return [...Deno.readDirSync(`/proc/${pid}/task`)].length;
    } catch {
      // It has ended.
      return 0;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

function accountOf(uid: number): string[] {
  return [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
}

async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" }).output();
  return z.object({ npmCache: z.string() }).parse(JSON.parse(new TextDecoder().decode(stdout))).npmCache;
}

async function hardLimit(pid: number, resource: Resource): Promise<string> {
  const name = { nproc: "Max processes", nofile: "Max open files" }[resource];
  const limits = await Deno.readTextFile(`/proc/${pid}/limits`);
  return new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, "m").exec(limits)?.[1] ?? "";
}
