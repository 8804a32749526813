import { join } from "node:path";
import { deepEqual, equal, ok } from "../../support/assert.ts";
import { IDEMPOTENCY_KEY, type Job, jobListSchema, jobSchema, type StartRequest } from "../../../lib/contract/mod.ts";
import type { Https } from "../../support/https.ts";
import { until } from "../../support/until.ts";
import { type Answer, ask } from "./ask.ts";
import { checkEnd, checkOutput } from "./check.ts";
import { type Numbered, toRequest } from "./numbered.ts";

/** A job as its user sees it, who asked for it and remembers what was answered. */
export interface Known {
  readonly program: Numbered;
  readonly key: string;
  readonly request: StartRequest;
  /** Null until the start is answered. */
  id: string | null;
  /** Its main process, once it was told. */
  pid: number | null;
  /** What was asked for since. */
  wish: "nothing" | "stop" | "removal";
  /** Whether that was answered. */
  granted: boolean;
  /** Whether it ran when it was last listed. */
  runs: boolean;
  /** Whether somebody looks at it, so that it is left alone. */
  watched: boolean;
}

/** Jobs and the requests about them, each sent until it is answered, to a daemon that comes and goes. */
export class Herd {
  readonly #https: Https;
  readonly #folder: string;
  readonly #mark: string;
  readonly #known = new Set<Known>();

  /** `folder` takes the markers of the programs; `mark` stands in their environment. */
  constructor(https: Https, folder: string, mark: string) {
    this.#https = https;
    this.#folder = folder;
    this.#mark = mark;
  }

  /** Those whose start was answered and whose removal was not asked for. */
  get told(): Known[] {
    return [...this.#known].filter(({ id, wish }) => id !== null && wish !== "removal");
  }

  /** How many run, or are about to. */
  get running(): number {
    return [...this.#known].filter(({ runs, wish }) => runs && wish === "nothing").length;
  }

  /** Wants a job; {@linkcode Herd.send} asks for it. */
  want(program: Omit<Numbered, "marker">, wish: Partial<StartRequest> = {}): Known {
    const key = crypto.randomUUID();
    const marked = { ...program, marker: join(this.#folder, key) };
    const request = { ...toRequest(marked, this.#mark), ...wish };
    const known: Known = {
      ...{ program: marked, key, request },
      ...{ id: null, pid: null, wish: "nothing", granted: true, runs: true, watched: false },
    };
    this.#known.add(known);
    return known;
  }

  /** Sends every request that was not yet answered, and looks at the list; what is not answered now stays to be sent. */
  async send(): Promise<void> {
    const asking = [...this.#known].map(async (known) => {
      if (known.id === null) await this.#start(known);
      else if (!known.granted) await this.#grant(known, known.id);
    });
    await Promise.all([...asking, this.#look()]);
  }

  /** Sends until everything is answered. */
  async sendAll(): Promise<void> {
    await until("every request is answered", async () => {
      await this.send();
      return [...this.#known].every(({ id, granted }) => id !== null && granted);
    });
  }

  /** Waits for the ends of all jobs, and looks whether each ended and wrote as it must have, and was started once. */
  async checkAll(): Promise<void> {
    for (const known of this.told) {
      const job = await until(
        `job ${known.id} has ended`,
        () => this.#ask("GET", `/v1/jobs/${known.id}?wait=true`, [200]),
      );
      const ended = jobSchema.parse(JSON.parse(job.text));
      checkEnd(ended, known);
      for (const stream of ["stdout", "stderr"] as const) {
        const { text } = await until(
          "its output is read",
          () => this.#ask("GET", `/v1/jobs/${known.id}/${stream}`, [200]),
        );
        checkOutput(text, stream, known, ended);
      }
    }
    for await (const { name } of Deno.readDir(this.#folder)) {
      const starts = await Deno.readTextFile(join(this.#folder, name));
      equal(starts, "started\n", `The request ${name} started more than one process`);
    }
  }

  /** Asks for the removal of all that are told, and waits until the list is empty. */
  async removeAll(): Promise<void> {
    for (const known of this.told) Object.assign(known, { wish: "removal", granted: false });
    await this.sendAll();
    deepEqual((await this.#list())?.map(({ id }) => id), []);
  }

  async #start(known: Known): Promise<void> {
    const answer = await this.#ask("POST", "/v1/jobs", [201], known.request, { [IDEMPOTENCY_KEY]: known.key });
    if (answer === null) return;
    const job = jobSchema.parse(JSON.parse(answer.text));
    known.id = job.id;
    this.#see(known, job);
  }

  async #grant(known: Known, id: string): Promise<void> {
    const answer = known.wish === "stop"
      ? await this.#ask("POST", `/v1/jobs/${id}/stop`, [200], { graceSeconds: 5 })
      // 404: an earlier one was heard whose answer was not.
      : await this.#ask("DELETE", `/v1/jobs/${id}`, [204, 404]);
    if (answer === null) return;
    known.granted = true;
    if (known.wish === "removal") this.#known.delete(known);
    else this.#see(known, jobSchema.parse(JSON.parse(answer.text)));
  }

  /** Looks at the list: whoever was told of a job finds it there as it was. */
  async #look(): Promise<void> {
    const expected = this.told;
    const jobs = await this.#list();
    if (jobs === null) return;
    const listed = new Map(jobs.map((job) => [job.id, job]));
    for (const known of expected) {
      const job = listed.get(known.id ?? "");
      if (job !== undefined) this.#see(known, job);
      // Its removal may have been asked for meanwhile.
      else equal(known.wish, "removal", `The job ${known.id} is not listed any more`);
    }
  }

  async #list(): Promise<Job[] | null> {
    const answer = await this.#ask("GET", "/v1/jobs?limit=1000", [200]);
    return answer === null ? null : jobListSchema.parse(JSON.parse(answer.text)).jobs;
  }

  #see(known: Known, job: Job): void {
    known.runs = job.state === "running";
    if (!known.runs) return checkEnd(job, known);
    // A job of the last daemon may be seen before its first process is.
    known.pid ??= job.pid;
    if (job.pid !== null) equal(job.pid, known.pid, `The job ${job.id} is another process than before`);
  }

  async #ask(
    method: string,
    path: string,
    good: readonly number[],
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer | null> {
    const answer = await ask(this.#https, method, path, body, headers);
    ok(answer === null || good.includes(answer.status), `${method} ${path} got ${answer?.status}: ${answer?.text}`);
    return answer;
  }
}
