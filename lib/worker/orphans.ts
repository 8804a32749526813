import { whenWaitedFor } from "./children.ts";

/** Constants of Linux: waitid(2), PR_GET_CHILD_SUBREAPER(2const). */
const P_ALL = 0;
const P_PID = 1;
const WNOHANG = 0x1;
const WEXITED = 0x4;
const WNOWAIT = 0x1000000;
const PR_GET_CHILD_SUBREAPER = 37;
/** Bytes of a `siginfo_t`, and where it has the process id on 64-bit Linux (sigaction(2)). */
const SIGINFO_BYTES = 128;
const SI_PID_OFFSET = 16;

/**
 * Waits for orphans when they end, until disposed of, if the kernel makes them children of this process: it is the first process of its
 * PID namespace, such as of a container, or a subreaper (PR_SET_CHILD_SUBREAPER(2const)). They would stay zombies otherwise, which
 * count in the limit of their job's processes. In any other process this does nothing.
 *
 * Only for a process that starts no child but by `spawnChild`: of any other it would take the exit code away from Deno.
 */
export function reapOrphans(): Disposable {
  const reaper = new Reaper();
  if (Deno.pid === 1 || reaper.isSubreaper()) reaper.start();
  return reaper;
}

class Reaper implements Disposable {
  readonly #libc = Deno.dlopen("libc.so.6", {
    prctl: { parameters: ["i32", "buffer", "usize", "usize", "usize"], result: "i32" },
    waitid: { parameters: ["u32", "u32", "buffer", "i32"], result: "i32" },
  });
  readonly #onChild = () => this.#reapAll();
  #state: "idle" | "reaping" | "disposed" = "idle";

  /** Whether orphans among its descendants become its children. */
  isSubreaper(): boolean {
    const answer = new Int32Array(1);
    return this.#libc.symbols.prctl(PR_GET_CHILD_SUBREAPER, answer, 0n, 0n, 0n) === 0 && answer[0] === 1;
  }

  start(): void {
    this.#state = "reaping";
    Deno.addSignalListener("SIGCHLD", this.#onChild);
    // Of those that have ended before nobody tells.
    this.#reapAll();
  }

  /** Synchronous: between a look at a zombie and the wait for it no child can be started that has its number. */
  #reapAll(): void {
    while (this.#state === "reaping") {
      const pid = this.#wait(P_ALL, 0, WNOWAIT);
      if (pid === 0) return;
      const waitedFor = whenWaitedFor(pid);
      // The kernel names the same zombie until somebody has waited for it; then there may be others behind it.
      if (waitedFor !== undefined) return void waitedFor.then(this.#onChild);
      this.#wait(P_PID, pid, 0);
    }
  }

  /** The process id of a child that has ended; 0 when there is none. */
  #wait(type: number, pid: number, options: number): number {
    const info = new DataView(new ArrayBuffer(SIGINFO_BYTES));
    const result = this.#libc.symbols.waitid(type, pid, info, WEXITED | WNOHANG | options);
    return result === 0 ? info.getInt32(SI_PID_OFFSET, true) : 0;
  }

  [Symbol.dispose](): void {
    if (this.#state === "reaping") Deno.removeSignalListener("SIGCHLD", this.#onChild);
    this.#state = "disposed";
    this.#libc.close();
  }
}
