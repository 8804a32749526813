import { constants } from "node:os";
import { equal } from "../../support/assert.ts";
import type { Daemon } from "../../support/daemon.ts";
import type { Https } from "../../support/https.ts";
import type { Ended } from "../../support/teleworker.ts";
import { until } from "../../support/until.ts";
import { LiveClient } from "../../client/live_client.ts";
import { difference } from "./check.ts";
import type { Herd, Known } from "./herd.ts";
import { type Numbered, textOf } from "./numbered.ts";
import type { Random } from "./random.ts";

/** A client, the job it looks at, and whether it shows the job's output. */
interface Rider {
  readonly client: LiveClient;
  readonly verb: "run" | "logs" | "wait";
  readonly known: Known;
}

/** Real clients that look at jobs and must get to their ends, whatever becomes of the daemon meanwhile. */
export class Riders implements AsyncDisposable {
  readonly #clients: LiveClient[] = [];
  readonly #riders: Rider[] = [];

  /** Sets out two clients that run a job, two that follow one, and one that waits for one. The daemon must be there. */
  static async start(daemon: Daemon, https: Https, herd: Herd, random: Random): Promise<Riders> {
    const riders = new Riders();
    try {
      const jobs = Array.from({ length: 5 }, () => Object.assign(herd.want(program(random)), { watched: true }));
      const done = herd.want({ ...program(random), lines: 1, ending: { code: 0 } });
      // The clients that run their jobs start them themselves.
      const [first, second, ...others] = jobs;
      for (const known of [first, second]) if (known !== undefined) await riders.#run(daemon, https, known);
      await herd.sendAll();
      await https.wait(done.id ?? "");
      for (const [index, known] of others.entries()) riders.#watch(daemon, known, done, index < 2);
      await Promise.all(riders.#clients.map(shows));
      return riders;
    } catch (error) {
      await riders[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #run(daemon: Daemon, https: Https, known: Known): Promise<void> {
    const { command, args = [], env = {} } = known.request;
    const name = `ride-${known.key}`;
    const variables = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
    const client = this.#ride(daemon, ["run", "--name", name, ...variables, "--", command, ...args], "run", known);
    await shows(client);
    const { jobs } = await (await https.send("GET", `/v1/jobs?name=${name}`)).json();
    known.id = jobs[0].id;
  }

  #watch(daemon: Daemon, known: Known, done: Known, follow: boolean): void {
    const id = known.id ?? "";
    if (follow) this.#ride(daemon, ["logs", "-f", id], "logs", known);
    // What it prints of the first shows that it has got through to the daemon.
    else this.#ride(daemon, ["wait", done.id ?? "", id], "wait", known);
  }

  #ride(daemon: Daemon, args: readonly string[], verb: Rider["verb"], known: Known): LiveClient {
    const client = new LiveClient(daemon, args);
    this.#clients.push(client);
    this.#riders.push({ client, verb, known });
    return client;
  }

  /** Waits until all have got to the end, and looks at what they showed and how they exited. The daemon must be there. */
  async arrive(): Promise<void> {
    for (const { client, verb, known } of this.#riders) {
      const { code, stdout, stderr } = await client.ended;
      // Its own notes may come in the middle of the job's lines.
      const streams = { stdout, stderr: stderr.replaceAll(/teleworker: [^\n]*\n/g, "") };
      const about = `"teleworker ${verb}" of ${known.id}`;
      equal(code, exitCode(known.program), `${about} exited otherwise than its job: ${stderr.slice(-500)}`);
      for (const stream of ["stdout", "stderr"] as const) {
        if (verb === "wait") continue;
        const whole = textOf(known.program, stream);
        equal(streams[stream] === whole, true, `${about} has a wrong ${stream}: ${difference(streams[stream], whole)}`);
      }
      known.watched = false;
    }
  }

  /** Ends those that have not arrived. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
  }
}

/** Waits until a client has shown something, and so got through to the daemon. */
async function shows(client: LiveClient): Promise<void> {
  let end: Ended | undefined;
  client.ended.then((ended) => end = ended);
  await until("the client has shown something", () => {
    if (client.stdout !== "") return true;
    if (end !== undefined) throw new Error(`A client ended before it had shown anything: ${end.stderr}`);
  });
}

/** One that writes for some seconds. */
function program(random: Random): Omit<Numbered, "marker"> {
  const ending = random.pick([{ code: 0 }, { code: 3 }, { code: 137 }, { signal: "SIGSEGV" }, { signal: "SIGUSR1" }]);
  return { lines: random.between(300, 1100), burst: 10, nap: 0.1, width: 24, ending };
}

function exitCode({ ending }: Numbered): number {
  if (ending === "stays") throw new TypeError("The program does not end by itself");
  if ("code" in ending) return ending.code;
  const number = Object.entries(constants.signals).find(([name]) => name === ending.signal)?.[1] ?? NaN;
  return 128 + number;
}
