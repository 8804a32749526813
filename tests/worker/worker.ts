import { join } from "node:path";
import { type Job, type StartRequest, type Stream, Worker, type WorkerOptions } from "../../lib/worker/mod.ts";
import { keepIgnoredSignalsFromJobs } from "../../lib/worker/inherited_signals.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";

// Once, outside of tests: what a worker listens to from its first opening on would seem to be left open by a test.
keepIgnoredSignalsFromJobs();

/** What to start; the rest goes without saying. */
export type Wish = Partial<Omit<StartRequest, "command" | "args">>;

/** A worker of a test's own, which can be closed and opened again on the same folder. At its end no job of it is left. */
export class TestWorker implements AsyncDisposable {
  readonly cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  readonly state: string;
  readonly #folder: TemporaryFolder;
  readonly #options: Partial<WorkerOptions>;
  #worker: Worker | undefined;

  private constructor(folder: TemporaryFolder, options: Partial<WorkerOptions>) {
    this.#folder = folder;
    this.#options = options;
    this.state = join(folder.path, "state");
  }

  /** Opens one on an empty folder. */
  static async open(options: Partial<WorkerOptions> = {}): Promise<TestWorker> {
    const test = new TestWorker(await TemporaryFolder.create(), options);
    await test.open();
    return test;
  }

  /** The worker that is open. */
  get worker(): Worker {
    if (this.#worker === undefined) throw new Error("The worker is closed");
    return this.#worker;
  }

  /** A folder for files of the test. */
  get folder(): string {
    return this.#folder.path;
  }

  /** Opens a worker on the folder. */
  async open(): Promise<void> {
    this.#worker = await Worker.open({
      stateFolder: this.state,
      cgroupRoot: this.cgroupRoot,
      maxJobs: 1000,
      ...this.#options,
    });
  }

  /** Changes a record of a job, as what passes while no worker is there may: a test waits for no span of time then. */
  async rewrite(id: string, name: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
    const path = join(this.state, "jobs", id, name);
    const record = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...record, ...changes }));
  }

  /** Closes the worker; its jobs go on. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.[Symbol.asyncDispose]();
  }

  /** Starts alice's job. */
  async start([command = "", ...args]: readonly string[], wish: Wish = {}): Promise<Job> {
    return await this.worker.start({ owner: "alice", command, args, ...wish });
  }

  /** Starts alice's job and waits for its end. */
  async run(words: readonly string[], wish: Wish = {}): Promise<Job> {
    return await this.worker.wait((await this.start(words, wish)).id);
  }

  /** Runs alice's job, which must exit well, and gives what it wrote to stdout. */
  async print(words: readonly string[], wish: Wish = {}): Promise<string> {
    const job = await this.run(words, wish);
    const [stdout, stderr] = [await this.text(job.id, "stdout"), await this.text(job.id, "stderr")];
    if (job.exitCode !== 0) throw new Error(`${job.state} ${job.exitCode} ${job.signal} ${job.reason}: ${stderr}`);
    return stdout;
  }

  /** Runs a shell's script as {@linkcode TestWorker.print} does. */
  async shell(script: string, wish: Wish = {}): Promise<string> {
    return await this.print(["sh", "-c", script], wish);
  }

  /** What a job has written until now, or with `follow` until its end. */
  async text(id: string, stream: Stream = "stdout", follow = false): Promise<string> {
    return await new Response((await this.worker.output(id, stream, { follow })).bytes).text();
  }

  /** Waits until a job has written this. */
  async printed(id: string, text: string): Promise<void> {
    await until(`the job has written "${text}"`, async () => (await this.text(id)).includes(text));
  }

  /** The names of all files of a job, wherever they are. */
  filesOf(id: string): string[] {
    const files: string[] = [];
    for (const folder of ["jobs", "output", "ended"]) {
      for (const { name } of Deno.readDirSync(join(this.state, folder))) {
        if (name.includes(id)) files.push(join(folder, name));
      }
    }
    return files;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#worker === undefined) await this.open();
    const { jobs } = await this.worker.list({ states: ["running"], limit: 10_000 });
    await Promise.all(jobs.map(({ id }) => this.worker.stop(id, { graceSeconds: 0 })));
    await this.close();
    await runnersEnd(this.state);
    await removeCgroups(this.cgroupRoot);
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** Waits until all runners of a state folder have ended: they tidy up after they have told the end. */
export async function runnersEnd(state: string): Promise<void> {
  await until("all runners have ended", () => runnersOf(state).length === 0 && zombies().length === 0);
}

/** Process ids of the runners of a state folder, or of one job of it, and of what helps them. */
export function runnersOf(state: string, id = ""): number[] {
  return processes((pid) =>
    Deno.readTextFileSync(`/proc/${pid}/environ`).includes(`TELEWORKER_JOB=${state}/jobs/${id}`)
  );
}

/** Process ids of children of ours that have ended, which Deno has not yet taken note of. */
function zombies(): number[] {
  return processes((pid) => {
    const [state, parent] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    return state === "Z" && Number(parent) === Deno.pid;
  });
}

/** Process ids of those whose command line has this word. */
export function processesWith(word: string): number[] {
  return processes((pid) => Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0").includes(word));
}

/** Process ids of those that match; what cannot be read does not. */
export function processes(matches: (pid: string) => boolean): number[] {
  const pids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      if (/^\d+$/.test(name) && matches(name)) pids.push(Number(name));
    } catch {
      // It has ended, or is another user's.
    }
  }
  return pids;
}
