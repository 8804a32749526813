import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import denoJson from "../../deno.json" with { type: "json" };
import { type Job, jobSchema } from "../../lib/contract/mod.ts";
import type { Narrator } from "./narrator.ts";
import { collect, type Ended, quote, read } from "./processes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** How deno.json's tasks run the client and the daemon: `run` with their permissions. */
const [CLIENT = [], SERVER = []] = [denoJson.tasks.client, denoJson.tasks.server].map((task) =>
  task.split(" && ").at(-1)?.split(" ").slice(1, -1)
);
/** Milliseconds after which a daemon that does not end is killed. */
const PATIENCE = 15_000;

/** Everything that the demo sets up on this host: a folder, a daemon, clients. It is all gone when the stage is disposed. */
export class Stage implements AsyncDisposable {
  readonly cgroupRoot = `teleworker-demo-${crypto.randomUUID().slice(0, 8)}`;
  /** What could not be removed in the end. */
  readonly leftovers: string[] = [];
  /** What the daemon wrote to stderr. */
  daemonLog = "";
  readonly #environment: Record<string, string>;
  /** Aborted by the one given, or when the daemon ends by itself. */
  readonly signal: AbortSignal;
  readonly #daemonGone = new AbortController();
  #daemon: Deno.ChildProcess | undefined;
  #reading: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly folder: string,
    readonly narrator: Narrator,
    signal: AbortSignal,
  ) {
    this.signal = AbortSignal.any([signal, this.#daemonGone.signal]);
    this.#environment = {
      TELEWORKER_CERTS: this.path("certs"),
      TELEWORKER_IDENTITY: "alice",
      TELEWORKER_SOCKET: "",
    };
  }

  /** Makes the folder. Once the signal is aborted, or the daemon has ended by itself, everything on the stage fails. */
  static async open(narrator: Narrator, signal: AbortSignal): Promise<Stage> {
    return new Stage(await Deno.makeTempDir({ prefix: "teleworker-demo-" }), narrator, signal);
  }

  /** The path of something in the folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Starts the daemon on a free port of loopback, and lets clients know it. */
  async startDaemon(): Promise<string> {
    const flags = ["--listen", "127.0.0.1:0", "--certs", "certs", "--state-dir", "state"];
    this.narrator.command(`teleworkerd ${flags.join(" ")}`);
    const daemon = new Deno.Command(Deno.execPath(), {
      args: [...SERVER, "--quiet", join(ROOT, "server.ts"), ...flags, "--cgroup-root", this.cgroupRoot],
      cwd: this.folder,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // In a session of its own, since Ctrl-C goes to all processes of ours and we still need it to clean up.
      detached: true,
    }).spawn();
    this.#daemon = daemon;
    const ready = Promise.withResolvers<string>();
    this.#reading = Promise.all([
      read(daemon.stderr, (text) => this.daemonLog += text),
      read(daemon.stdout, (text) => {
        this.narrator.say(text);
        const address = /^teleworkerd listening on https:\/\/(\S+)$/m.exec(text)?.[1];
        if (address !== undefined) ready.resolve(address);
      }),
    ]).then(() => ready.reject(new Error(`The daemon did not start:\n${this.daemonLog}`)));
    ready.promise.catch(() => {});
    daemon.status.then(() => {
      if (this.#daemon === daemon) this.#daemonGone.abort(new Error("The daemon ended by itself"));
    });
    const address = await ready.promise;
    this.#environment["TELEWORKER_HOST"] = address;
    return address;
  }

  /** Ends the daemon in order; its exit code. */
  async endDaemon(): Promise<number> {
    const daemon = this.#daemon;
    if (daemon === undefined) return 0;
    this.#daemon = undefined;
    const send = (signal: Deno.Signal) => {
      try {
        daemon.kill(signal);
      } catch {
        // It has ended by itself.
      }
    };
    send("SIGTERM");
    const timer = setTimeout(() => send("SIGKILL"), PATIENCE);
    const { code } = await daemon.status;
    clearTimeout(timer);
    await this.#reading;
    return code;
  }

  /** Starts a client, and shows how a user would. `into` is where its stdout goes. */
  spawn(args: readonly string[], into?: string): Deno.ChildProcess {
    const line = ["teleworker", ...args.map(quote)].join(" ");
    this.narrator.command(into === undefined ? line : `${line} > ${into}`);
    return this.#client(args, this.signal);
  }

  /** Runs a client to its end, shows how a user would and what it says. */
  async run(args: readonly string[], { quiet = false } = {}): Promise<Ended> {
    const ended = await collect(this.spawn(args));
    this.signal.throwIfAborted();
    if (!quiet) { for (const text of [ended.stdout, ended.stderr]) if (text !== "") this.narrator.say(text); }
    return ended;
  }

  /** As `run`; it must succeed. */
  async must(args: readonly string[], options?: { quiet: boolean }): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) throw new Error(`"teleworker ${args.join(" ")}" ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** The job as the API shows it; nothing is said. */
  async job(reference: string): Promise<Job> {
    const { stdout, stderr } = await collect(this.#client(["--output", "json", "status", reference], this.signal));
    this.signal.throwIfAborted();
    if (stdout === "") throw new Error(`There is no status of "${reference}": ${stderr}`);
    return jobSchema.parse(JSON.parse(stdout));
  }

  /** Leaves nothing behind, wherever the demo ended. What cannot be removed is told, and does not keep the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tidy("the jobs", () => this.#removeJobs());
    await this.#tidy("the daemon", () => this.endDaemon());
    await this.#tidy("the cgroups", () => this.#removeCgroups());
    await this.#tidy("the folder", () => Deno.remove(this.folder, { recursive: true }));
  }

  async #tidy(what: string, remove: () => Promise<unknown>): Promise<void> {
    try {
      await remove();
    } catch (error) {
      this.leftovers.push(what);
      this.narrator.say(`Cannot remove ${what}: ${error instanceof Error ? error.message : error}`);
    }
  }

  async #removeCgroups(): Promise<void> {
    const script = fileURLToPath(new URL("remove_cgroups.ts", import.meta.url));
    const args = ["run", "--quiet", "--allow-all", script, this.cgroupRoot];
    const { code, stderr } = await collect(
      new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn(),
    );
    if (code !== 0) throw new Error(stderr);
  }

  async #removeJobs(): Promise<void> {
    if (this.#daemon === undefined) return;
    const { stdout } = await collect(this.#client(["--output", "json", "list", "--all"]));
    const jobs = stdout.split("\n").filter(Boolean).map((line) => z.object({ id: z.string() }).parse(JSON.parse(line)));
    if (jobs.length === 0) return;
    const ids = jobs.map(({ id }) => id);
    await collect(this.#client(["stop", "--kill", ...ids]));
    await collect(this.#client(["remove", ...ids]));
  }

  #client(args: readonly string[], signal?: AbortSignal): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: [...CLIENT, "--quiet", "--no-prompt", join(ROOT, "client.ts"), ...args],
      cwd: this.folder,
      env: this.#environment,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(signal === undefined ? {} : { signal }),
    }).spawn();
  }
}
