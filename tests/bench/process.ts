import { until } from "../support/until.ts";

/** A process that serves for a while; ended by SIGTERM with its owner. */
export class Server implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;

  /** Starts it; its output is of no interest. */
  constructor(command: string, args: readonly string[]) {
    this.#process = new Deno.Command(command, { args: [...args], stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGTERM");
    } catch {
      // It has ended by itself.
    }
    await this.#process.status;
  }
}

/** Runs a command to its end and gives what it wrote to stdout. */
export async function run(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args], stdin: "null" }).output();
  if (!success) throw new Error(`Cannot run "${command}": ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** The first of some paths of a program that exists. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/bin"]) {
    const path = `${folder}/${name}`;
    if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
  }
  return undefined;
}

/** A TCP port of loopback that nobody uses. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Waits until something accepts connections. */
export async function accepting(port: number): Promise<void> {
  await until(`port ${port} accepts connections`, async () => {
    try {
      using _connection = await Deno.connect({ hostname: "127.0.0.1", port });
      return true;
    } catch {
      return false;
    }
  }, 10);
}
