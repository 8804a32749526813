import { join } from "node:path";
import { Account } from "../../support/account.ts";
import { Daemon } from "../../support/daemon.ts";
import { pause } from "./ask.ts";
import { command } from "./command.ts";

/** What the host may run out of. */
export type Resource = "nproc" | "nofile";

/** A daemon of an account of its own, which can be given less of something at any time. */
export class PoorDaemon implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #account: Account;
  /** The daemon itself. */
  readonly daemon: Daemon;

  private constructor(daemon: Daemon, account: Account, stack: AsyncDisposableStack) {
    this.daemon = daemon;
    this.#account = account;
    this.#stack = stack;
  }

  /** Starts it as this account, which has no other processes. Only root can. */
  static async start(uid: number): Promise<PoorDaemon> {
    await using stack = new AsyncDisposableStack();
    const account = stack.use(await Account.make(uid));
    const { prefix, env } = account;
    const daemon = stack.use(await Daemon.start({ state: join(account.path, "state"), prefix, env }));
    return new PoorDaemon(daemon, account, stack.move());
  }

  /** Lets it have so many more than it has now; null for as many as in the beginning. Jobs that run keep what they may have. */
  async allow(resource: Resource, more: number | null): Promise<void> {
    const { pid } = this.daemon;
    const limit = more === null
      ? await hardLimit(pid, resource)
      : String(resource === "nproc" ? this.#tasks() + more : await this.#below(more));
    // As that account: the kernel lets only it, and not every root, change its limits (prlimit(2)).
    await command("env", ...this.#account.words, "prlimit", `--pid=${pid}`, `--${resource}=${limit}:`);
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
      if (Deno.statSync(`/proc/${pid}`).uid !== this.#account.uid) return 0;
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

async function hardLimit(pid: number, resource: Resource): Promise<string> {
  const name = { nproc: "Max processes", nofile: "Max open files" }[resource];
  const limits = await Deno.readTextFile(`/proc/${pid}/limits`);
  return new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, "m").exec(limits)?.[1] ?? "";
}
