import { existsSync } from "node:fs";
import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { type StartRequest, versionSchema } from "../../lib/contract/mod.ts";
import { readUptime } from "../../lib/worker/job.ts";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { BOMB, Mark, readProcess } from "./limits/job.ts";
import { runnersEnd, runnersOf } from "./worker.ts";

/** Prints when it gets SIGTERM; then cleans up by a process that dies of that signal if it gets it, too. */
const CLEANER = 'trap "echo term; sleep 0.5 && echo spared; exit" TERM; echo ready; while :; do sleep 0.02; done';
/** Prints when it gets SIGTERM, and does not end. */
const STUBBORN = 'trap "echo term" TERM; echo ready; while :; do sleep 0.02; done';
/** Becomes a program that dies of SIGTERM at once, after it has started a child by the script in its first argument. */
const PARENT = 'sh -c "$1" & exec sleep 1000';

const ignored = Deno.uid() === 0 ? "" : "needs root";

const isV2 = existsSync("/sys/fs/cgroup/cgroup.controllers");

/** The words of a program that becomes another one, which sees no cgroups but what the script mounts. */
function without(script: string): string[] {
  return ["unshare", "--mount", "sh", "-c", `umount -R /sys/fs/cgroup 2>/dev/null; ${script}exec "$@"`, "sh"];
}

/** How jobs are held together, and how a child is started that leaves its job's process group. */
const KINDS = {
  cgroups: { ignored: canLimit ? "" : "no cgroups", prefix: [], leave: "setsid" },
  // Its freezer needs no controller, so that a host whose controllers are in v1 has it too.
  "cgroup v2": {
    ignored: isV2 ? "all cgroups are" : ignored,
    prefix: without("mount -t cgroup2 none /sys/fs/cgroup; "),
    leave: "setsid",
  },
  "no cgroups": { ignored, prefix: without(""), leave: "perl -e 'setpgrp; exec @ARGV'" },
} as const;

for (const [kind, { ignored, prefix, leave }] of Object.entries(KINDS)) {
  Deno.test({
    name: `Stop with ${kind}${ignored === "" ? "" : ` (skipped: ${ignored})`}`,
    ignore: ignored !== "",
    async fn(t) {
      await using daemon = await Daemon.start({ prefix });
      using alice = await Https.as(daemon, "alice");
      const jobs = new Jobs(daemon, alice);
      for (const [name, step] of Object.entries(STEPS)) {
        // It needs a limit.
        if (kind !== "cgroups" && name.startsWith("Fork bomb")) continue;
        await t.step(name, () => step(jobs, leave));
      }
    },
  });
}

/** The jobs of one daemon. */
class Jobs {
  readonly daemon: Daemon;
  readonly https: Https;

  constructor(daemon: Daemon, https: Https) {
    this.daemon = daemon;
    this.https = https;
  }

  /** Starts a job whose child runs a script, and waits until that is ready. */
  async start(child: string, request: Partial<StartRequest> = {}) {
    const mark = new Mark();
    const job = await this.https.start({
      command: "sh",
      args: ["-c", PARENT, "sh", child],
      env: mark.env,
      ...request,
    });
    await until("its child is ready", async () => (await this.text(job.id)).includes("ready\n"));
    return { id: job.id, pid: job.pid ?? 0, mark };
  }

  /** Stops a job; the job as it ended, with its output. */
  async stop(id: string, body: { signal?: string; graceSeconds?: number }) {
    return await this.ended(await this.https.send("POST", `/v1/jobs/${id}/stop`, body));
  }

  /** The job in an answer, with its output. */
  async ended(response: Response) {
    const { id, state, exitCode, signal, reason } = await this.https.job(response);
    return { state, exitCode, signal, reason, text: await this.text(id) };
  }

  /** The job once it has ended, with its output. */
  async wait(id: string) {
    return await this.ended(await this.https.send("GET", `/v1/jobs/${id}?wait=true`));
  }

  /** What a job has written. */
  async text(id: string): Promise<string> {
    return await (await this.https.send("GET", `/v1/jobs/${id}/stdout`)).text();
  }

  /** The job as it is. */
  async now(id: string) {
    return await this.https.job(await this.https.send("GET", `/v1/jobs/${id}`));
  }

  /** The path of a record. */
  path(id: string, name: string): string {
    return join(this.daemon.state, "jobs", id, name);
  }

  /** Waits until a job's main process has ended and its child has got the signal. */
  async orphaned(id: string): Promise<void> {
    await until("only its child is left", async () => {
      const [{ pid }, text] = [await this.now(id), await this.text(id)];
      return pid === null && text.includes("term\n");
    });
  }
}

const STOPPED = { state: "stopped", exitCode: null, signal: "SIGTERM", reason: null };

/** Stops a job until only its child is left, and kills its runner; the job is lost then. */
async function loseRunner(jobs: Jobs, id: string): Promise<void> {
  const stopping = jobs.stop(id, { graceSeconds: 3600 });
  await jobs.orphaned(id);
  const { pid } = JSON.parse(await Deno.readTextFile(jobs.path(id, "runner.json")));
  Deno.kill(pid, "SIGKILL");
  equal((await stopping).state, "lost");
}

/** Ends what a test may have left. */
function end(mark: Mark): void {
  for (const pid of mark.processes()) Deno.kill(pid, "SIGKILL");
}

const STEPS: Readonly<Record<string, (jobs: Jobs, leave: string) => Promise<void>>> = {
  "Stop: children clean up → all of them end in their own time": async (jobs) => {
    const { id } = await jobs.start(CLEANER);
    deepEqual(await jobs.stop(id, { graceSeconds: 60 }), { ...STOPPED, text: "ready\nterm\nspared\n" });
  },
  "Stop: a child has left the process group → it gets the signal once": async (jobs, leave) => {
    const { id } = await jobs.start(`exec ${leave} sh -c '${CLEANER}'`);
    deepEqual(await jobs.stop(id, { graceSeconds: 60 }), { ...STOPPED, text: "ready\nterm\nspared\n" });
  },
  "Stop: a child ignores the signal → it is killed after the grace": async (jobs, leave) => {
    const { id, mark } = await jobs.start(`exec ${leave} sh -c '${STUBBORN}'`);
    const before = readUptime();
    deepEqual(await jobs.stop(id, { graceSeconds: 1 }), { ...STOPPED, text: "ready\nterm\n" });
    ok(readUptime() - before >= 1, "It was killed before");
    deepEqual(mark.processes(), []);
    // The job ends with the last of its processes.
    const { durationSeconds } = await jobs.now(id);
    ok((durationSeconds ?? 0) >= 1, `It ran for ${durationSeconds} s`);
  },
  "Stop: the main process has ended → the job runs without it": async (jobs) => {
    const { id, mark } = await jobs.start(STUBBORN);
    const stopping = jobs.stop(id, { graceSeconds: 3600 });
    await jobs.orphaned(id);
    equal((await jobs.now(id)).state, "running");
    ok(mark.processes().length > 0);
    // A shorter grace, or a kill, holds for those that are left.
    deepEqual(await jobs.stop(id, { signal: "SIGKILL", graceSeconds: 0 }), { ...STOPPED, text: "ready\nterm\n" });
    deepEqual(await stopping, { ...STOPPED, text: "ready\nterm\n" });
    deepEqual(mark.processes(), []);
  },
  "Stop: SIGKILL → every process is killed at once": async (jobs) => {
    const { id, mark } = await jobs.start(STUBBORN);
    const ended = await jobs.stop(id, { signal: "SIGKILL", graceSeconds: 3600 });
    deepEqual(ended, { ...STOPPED, signal: "SIGKILL", text: "ready\n" });
    deepEqual(mark.processes(), []);
  },
  "Timeout: children clean up → all of them end in their own time": async (jobs) => {
    const { id } = await jobs.start(CLEANER, { timeoutSeconds: 3 });
    const reason = "It ran past its timeout of 3 s";
    const ended = { state: "signaled", exitCode: null, signal: "SIGTERM", reason };
    deepEqual(await jobs.wait(id), { ...ended, text: "ready\nterm\nspared\n" });
  },
  "Stop scope main: children → they get no signal and end with it": async (jobs) => {
    const { id, mark } = await jobs.start(STUBBORN, { stopScope: "main" });
    equal((await jobs.now(id)).stopScope, "main");
    deepEqual(await jobs.stop(id, { graceSeconds: 3600 }), { ...STOPPED, text: "ready\n" });
    deepEqual(mark.processes(), []);
  },
  "Main process ends by itself → children are killed at once": async (jobs, leave) => {
    const args = ["-c", 'sh -c "$1" & read -r line <"$GO"', "sh", `exec ${leave} sh -c '${STUBBORN}'`];
    const go = join(jobs.daemon.folder.path, "go");
    await new Deno.Command("mkfifo", { args: [go] }).output();
    const mark = new Mark();
    const { id } = await jobs.https.start({ command: "sh", args, env: { ...mark.env, GO: go } });
    await until("its child is ready", async () => (await jobs.text(id)).includes("ready\n"));
    await Deno.writeTextFile(go, "\n");
    deepEqual(await jobs.wait(id), { state: "exited", exitCode: 0, signal: null, reason: null, text: "ready\n" });
    deepEqual(mark.processes(), []);
  },
  "Fork bomb: stop → one signal reaches every process of it": async (jobs) => {
    const mark = new Mark();
    const limits = { pids: 64 };
    const { id } = await jobs.https.start({ command: "sh", args: ["-c", BOMB], env: mark.env, limits });
    await until("it is at its limit", async () => (await jobs.now(id)).usage.processes === 64, 600);
    const before = readUptime();
    deepEqual(await jobs.stop(id, { graceSeconds: 3600 }), { ...STOPPED, text: "" });
    ok(readUptime() - before < 3600);
    deepEqual(mark.processes(), []);
  },
  "Daemon is killed in the grace → it holds, and the runner kills": async (jobs) => {
    const { daemon } = jobs;
    const { id, mark } = await jobs.start(STUBBORN);
    const stopping = jobs.stop(id, { graceSeconds: 3600 }).catch(() => null);
    await jobs.orphaned(id);
    await daemon.end("SIGKILL");
    equal(await stopping, null);
    ok(mark.processes().length > 0 && runnersOf(daemon.state, id).length > 0);
    const note = JSON.parse(await Deno.readTextFile(jobs.path(id, "stop.json")));
    await Deno.writeTextFile(jobs.path(id, "stop.json"), JSON.stringify({ ...note, killAtUptime: readUptime() + 0.5 }));
    await until("the runner has killed what was left", () => mark.processes().length === 0);
    await runnersEnd(daemon.state);
    await daemon.run();
    deepEqual(await jobs.wait(id), { ...STOPPED, text: "ready\nterm\n" });
  },
  "Daemon is killed in the grace → the next one goes on with it": async (jobs) => {
    const { daemon } = jobs;
    const { id } = await jobs.start(STUBBORN);
    const stopping = jobs.stop(id, { graceSeconds: 3600 }).catch(() => null);
    await jobs.orphaned(id);
    await daemon.end("SIGKILL");
    await stopping;
    await daemon.run();
    equal((await jobs.now(id)).state, "running");
    deepEqual(await jobs.stop(id, { signal: "SIGKILL" }), { ...STOPPED, text: "ready\nterm\n" });
  },
  "Runner is killed in the grace → what is left is killed, the job lost": async (jobs, leave) => {
    const { id, mark } = await jobs.start(`exec ${leave} sh -c '${STUBBORN}'`);
    await loseRunner(jobs, id);
    try {
      await until("nothing is left", () => mark.processes().length === 0);
    } finally {
      end(mark);
    }
  },
  "Runner is killed in the grace, no output is open → killed, or told of": async (jobs) => {
    const script = 'trap "" TERM; echo ready; echo term; exec >/dev/null 2>&1; while :; do sleep 0.02; done';
    const { id, mark } = await jobs.start(script);
    await loseRunner(jobs, id);
    try {
      await until("they are gone, or told of", () => {
        const left = mark.processes();
        const told = jobs.daemon.log.split("\n").filter((line) => line.includes("may be left") && line.includes(id));
        return left.length === 0 || left.some((pid) => told.some((line) => line.includes(`${pid}`)));
      });
    } finally {
      end(mark);
    }
  },
  "Stop: a child takes long → without cgroups the looks become rare": async (jobs) => {
    const { id } = await jobs.start(STUBBORN);
    const stopping = jobs.stop(id, { graceSeconds: 3600 });
    await jobs.orphaned(id);
    const { cgroup } = versionSchema.parse(await (await jobs.https.send("GET", "/v1/version")).json());
    const naps = cgroup.mode === "none" ? "1.00" : "0.05";
    await until(`the runner sleeps for ${naps} s`, () => {
      return runnersOf(jobs.daemon.state, id).some((pid) => readProcess(pid, "cmdline") === `sleep\0${naps}\0`);
    });
    await jobs.stop(id, { signal: "SIGKILL" });
    deepEqual(await stopping, { ...STOPPED, text: "ready\nterm\n" });
  },
};
