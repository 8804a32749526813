import { command } from "../faults/support/command.ts";
import { until } from "../support/until.ts";
import type { Block } from "./page.ts";

/** What a host is made of. */
export interface HostOptions {
  /** Holds the ssh keys, and the binaries in `programs`. */
  readonly folder: string;
  /** Its full name. */
  readonly name: string;
  /** Its IPv4 address, of a /24. */
  readonly address: string;
  /** Whose terminal it has. */
  readonly user: "root" | "alice";
  /** The group of its daemon's jobs, for of cgroups there is one tree. */
  readonly cgroupRoot: string;
}

/** A host in namespaces of its own, by its terminal. All of it ends with its first process, and that when it is disposed of. */
export class Host implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #terminal: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reading: Promise<unknown>;
  #printed = "";
  #ended = false;

  /** Begins one; it waits until {@linkcode connect} gives it its network. */
  constructor({ folder, name, address, user, cgroupRoot }: HostOptions) {
    const script = new URL("host.sh", import.meta.url).pathname;
    this.#process = new Deno.Command("unshare", {
      args: [
        ...["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child"],
        ...["sh", script, folder, name, address, user],
      ],
      env: { CGROUP_ROOT: cgroupRoot },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#terminal = this.#process.stdin.getWriter();
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#printed += text;
    };
    this.#reading = Promise.all([read(this.#process.stdout), read(this.#process.stderr)])
      .finally(() => this.#ended = true);
  }

  /** The id of its first process, as it is seen from here. */
  async pid(): Promise<number> {
    return Number(await this.#find("it begins", /^(\d+)\n/, 0));
  }

  /** Types a line into its terminal. */
  async type(line: string): Promise<void> {
    await this.#terminal.write(new TextEncoder().encode(`${line}\n`));
  }

  /**
   * Carries out commands as the page says; what was printed meanwhile.
   * @throws {Error} with all that the host has printed, when one of them fails, or does not show what it is to.
   */
  async carryOut({ commands, end, shown }: Pick<Block, "commands" | "end" | "shown">): Promise<string> {
    const begin = this.#printed.length;
    const mark = `end-${crypto.randomUUID()}`;
    // As a whole, so that none of them reads the next one from the terminal.
    const whole = `eval "$(cat <<'${mark}'\n${commands}${mark}\n)" </dev/null`;
    if (end === "by themselves") {
      await this.type(`${whole}; echo ${mark}`);
      return await this.#find(`"${commands}" has ended`, new RegExp(`^([^]*)${mark}\n`), begin);
    }
    await this.type(`${whole} &`);
    await this.#find(`"${commands}" shows ${shown}`, shown, begin);
    if (end === "by Ctrl-C") await this.interrupt();
    return this.#printed.slice(begin);
  }

  /** Ctrl-C, for what goes on that was begun last; its exit code. */
  async interrupt(): Promise<number> {
    const mark = `code-${crypto.randomUUID()}`;
    await this.type(`kill -INT -- -$!; wait $! && echo ${mark}=0 || echo ${mark}=$?`);
    return Number(await this.#find("it ends by Ctrl-C", new RegExp(`${mark}=(\\d+)\n`), 0));
  }

  /** Waits for a text; its first group. */
  async #find(what: string, pattern: RegExp, begin: number): Promise<string> {
    const look = () => pattern.exec(this.#printed.slice(begin));
    const failure = (why: string) =>
      new Error(`Cannot wait until ${what}: ${why}; the host has printed: ${this.#printed}`);
    await until(what, () => look() !== null || this.#ended).catch(() => {
      throw failure("it takes too long");
    });
    const found = look();
    if (found === null) throw failure("the host has ended");
    return found[1] ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#process.status;
    await this.#terminal.close().catch(() => {});
    // All of its processes hold what is read here, or have a first process that does.
    await this.#reading;
  }
}

/** Lays a cable between two hosts that have begun, and lets them go on. */
export async function connect(one: Host, other: Host): Promise<void> {
  const [first, second] = [await one.pid(), await other.pid()];
  const cable = ["eth0", "type", "veth", "peer", "name", "eth0", "netns", String(second)];
  await command("nsenter", `--net=/proc/${first}/ns/net`, "ip", "link", "add", ...cable);
  // The first line is what they wait for; the second gives what goes on in the background a process group, for Ctrl-C.
  for (const host of [one, other]) await host.type("\nset -m");
}
