import { dirname, join } from "node:path";
import { removeCgroups } from "./cgroups.ts";
import { makeCertificates } from "./certificates.ts";
import { TemporaryFolder } from "./folder.ts";
import { programEnvironment, programWords } from "./programs.ts";
import { until } from "./until.ts";

/** What a test wants to be different about its daemon. */
export interface DaemonOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its state folder, with the socket beside it, where they are not to be in its own folder. */
  readonly state?: string;
  /** The words of a program such as setpriv(1) that becomes the daemon. */
  readonly prefix?: readonly string[];
  /** HOST:PORT; a free port of the loopback by default. */
  readonly listen?: string;
}

/**
 * A real daemon in a process of its own, on a free port, with certificates, a state folder and a cgroup root of its own. At its end
 * all jobs that are left are killed and everything is removed.
 */
export class Daemon implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly certs: string;
  readonly state: string;
  readonly socket: string;
  readonly cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  /** HOST:PORT once it runs. */
  address = "";
  /** The certificate of the authority that its certificates began with. */
  authority = "";
  /** What it wrote to stderr. */
  log = "";
  readonly #options: DaemonOptions;
  #process: Deno.ChildProcess | undefined;
  #reading: Promise<void> = Promise.resolve();

  private constructor(folder: TemporaryFolder, options: DaemonOptions) {
    this.folder = folder;
    this.certs = join(folder.path, "certs");
    this.state = options.state ?? join(folder.path, "state");
    this.socket = join(dirname(this.state), "socket");
    this.#options = options;
  }

  /** Starts one and waits until it listens. */
  static async start(options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = new Daemon(await TemporaryFolder.create(), options);
    try {
      await makeCertificates(daemon.certs);
      daemon.authority = await Deno.readTextFile(join(daemon.certs, "ca.pem"));
      await daemon.run();
      return daemon;
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The process id of the daemon that runs. */
  get pid(): number {
    if (this.#process === undefined) throw new Error("The daemon does not run");
    return this.#process.pid;
  }

  /** Runs the daemon, again after an end; a second time on the same port. */
  async run(): Promise<void> {
    const [program = "", ...prefixed] = [...this.#options.prefix ?? [], ...programWords("teleworkerd")];
    const process = new Deno.Command(program, {
      args: [
        ...prefixed,
        ...["--listen", this.address || (this.#options.listen ?? "127.0.0.1:0")],
        ...["--certs", this.certs, "--socket", this.socket],
        ...["--state-dir", this.state, "--cgroup-root", this.cgroupRoot],
        ...(this.#options.flags ?? []),
      ],
      ...programEnvironment({ ...this.#options.env, NO_COLOR: "1" }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#process = process;
    const ready = Promise.withResolvers<string>();
    this.#reading = Promise.all([
      readText(process.stderr, (text) => this.log += text),
      readText(process.stdout, (text) => {
        const address = /listening on https:\/\/(\S+)/.exec(text)?.[1];
        if (address !== undefined) ready.resolve(address);
      }),
    ]).then(() => ready.reject(new Error(`The daemon did not start: ${this.log}`)));
    ready.promise.catch(() => {});
    this.address = await ready.promise;
  }

  /** Waits until something is in its log, which it writes beside what it does; looks from an offset on. */
  async logged(pattern: RegExp, from = 0): Promise<void> {
    await until(`${pattern} is in the log`, () => pattern.test(this.log.slice(from))).catch((error) => {
      throw new Error(`${error.message}: ${this.log.slice(from)}`);
    });
  }

  /** Sends a signal that does not end it. */
  signal(signal: Deno.Signal): void {
    Deno.kill(this.pid, signal);
  }

  /** Ends the daemon by a signal; its jobs go on. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus | undefined> {
    const process = this.#process;
    if (process === undefined) return undefined;
    this.#process = undefined;
    try {
      process.kill(signal);
    } catch {
      // It has ended by itself.
    }
    const status = await process.status;
    await this.#reading;
    // What Deno gives has no prototype, and so is like no object that a test writes down.
    return { ...status };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await removeCgroups(this.cgroupRoot);
    await killRunners(this.state);
    await this.folder[Symbol.asyncDispose]();
  }
}

async function readText(stream: ReadableStream<Uint8Array<ArrayBuffer>>, take: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
}

/** Kills the runners of a state folder that are left, and, where no cgroup did it, the processes that they ran. */
async function killRunners(state: string): Promise<void> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    const environment = /^\d+$/.test(name) ? await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "") : "";
    const folder = /TELEWORKER_JOB=([^\0]+)/.exec(environment)?.[1];
    if (!folder?.startsWith(`${state}/`)) continue;
    const session = await Deno.readTextFile(`${folder}/session`).catch(() => "");
    pids.push(Number(name), ...(session === "" ? [] : [Number(session)]));
  }
  for (const pid of pids) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}
