import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { processes } from "../worker/worker.ts";

const ignored = Deno.uid() === 0 ? "" : " (skipped: needs root)";
const prctl = Deno.build.arch === "x86_64" ? 157 : 167;

/** Daemons to which the kernel gives orphans: of each the words that start it. */
const PREFIXES = {
  "PID 1": ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"],
  // PR_SET_CHILD_SUBREAPER, which lives through execve(2).
  subreaper: ["perl", "-e", `syscall(${prctl}, 36, 1, 0, 0, 0) == 0 or die; exec @ARGV`],
} as const;

/** A daemon that is the child of another program, or that program itself. */
class Reaper implements AsyncDisposable {
  readonly daemon: Daemon;
  /** Its process id here, whatever it is for itself. */
  readonly pid: number;

  private constructor(daemon: Daemon, pid: number) {
    this.daemon = daemon;
    this.pid = pid;
  }

  static async start(prefix: readonly string[]): Promise<Reaper> {
    const daemon = await Daemon.start({ prefix });
    const children = Deno.readTextFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`).trim();
    return new Reaper(daemon, prefix.includes("--fork") ? Number(children) : daemon.pid);
  }

  /** Process ids of its children that have ended and that it has not waited for. */
  zombies(): number[] {
    return processes((pid) => {
      const [state, parent] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
      return state === "Z" && Number(parent) === this.pid;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A signal to unshare(1) waits until its child has ended.
    try {
      Deno.kill(this.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.daemon[Symbol.asyncDispose]();
  }
}

/** Makes a hundred orphans, each once the kernel has nothing left of the one before; gives up on one that stays for long. */
const ORPHANS = `i=0
  while [ $i -lt 100 ]; do
    orphan=$(sh -c 'sleep 0.01 >/dev/null & echo $!') || exit 1
    tries=0
    while [ -e /proc/$orphan ]; do tries=$((tries + 1)); [ $tries -lt 500 ] && sleep 0.01 || exit 2; done
    i=$((i + 1))
  done
  exit 7`;

for (const [kind, prefix] of Object.entries(PREFIXES)) {
  Deno.test({
    name: `Orphans: daemon is ${kind} → none stays a zombie${ignored}`,
    ignore: ignored !== "",
    async fn(t) {
      await using reaper = await Reaper.start(prefix);
      using alice = await Https.as(reaper.daemon, "alice");
      const run = async (script: string, request: { user?: string; limits?: { pids: number } } = {}) => {
        const { id } = await alice.start({ command: "sh", args: ["-c", script], ...request });
        const { state, exitCode, reason } = await alice.wait(id);
        return { state, exitCode, reason };
      };

      await t.step(
        `Orphans: more than the job may have processes → it goes on${canLimit ? "" : " (no limit here)"}`,
        async () => {
          deepEqual(await run(ORPHANS, canLimit ? { limits: { pids: 20 } } : {}), {
            state: "exited",
            exitCode: 7,
            reason: null,
          });
          await until("no zombie is left", () => reaper.zombies().length === 0);
        },
      );

      await t.step("Orphans: many at once → the daemon's own children keep their results", async () => {
        const codes = Array.from({ length: 40 }, (_, number) => number + 1);
        const ended = await Promise.all(codes.map((code) => {
          const script = `for i in 1 2 3; do sh -c 'sleep 0.01 & exit'; done; sleep 1000 & exit ${code}`;
          return run(script, { user: "root" });
        }));
        deepEqual(ended, codes.map((exitCode) => ({ state: "exited", exitCode, reason: null })));
        const refused = await alice.send("POST", "/v1/jobs", { command: "true", user: "no-such-account" });
        equal(refused.status, 422);
        ok((await refused.text()).includes("this host has no such user"));
        await until("no zombie is left", () => reaper.zombies().length === 0);
      });
    },
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test({
    name: `Signals: ${signal} to a daemon that is PID 1 → it ends in order${ignored}`,
    ignore: ignored !== "",
    async fn() {
      await using reaper = await Reaper.start(PREFIXES["PID 1"]);
      Deno.kill(reaper.pid, signal);
      // With the exit code of its child. The signal of the helper itself comes after that.
      equal((await reaper.daemon.end("SIGCONT"))?.code, 0);
      const [ending] = reaper.daemon.log.split("\n").filter((line) => line.includes('"Ending'));
      match(ending ?? "", /"Ending; this is PID 1, and its jobs end with it"/);
    },
  });
}
