import { join } from "node:path";
import { build } from "../build/build.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { BINARIES } from "../support/programs.ts";

/** Runs what stands behind it with a host's folders that are the test's: $1/etc, $1/local and $1/run, the first with all of ours. */
export const HOST = `set -e
  mount --bind "$1/etc" /etc
  mount --bind "$1/local" /usr/local
  mount --bind "$1/run" /run
  shift
  exec "$@"`;

/** Whether there can be such a host. */
export const isRoot = Deno.uid() === 0;

/** The daemon, built once for all tests here, and removed with them. */
export const PROGRAM = BINARIES === null ? await buildOnce() : join(BINARIES, "teleworkerd");

async function buildOnce(): Promise<string> {
  const folder = await TemporaryFolder.create();
  await Deno.chmod(folder.path, 0o755);
  addEventListener("unload", () => Deno.removeSync(folder.path, { recursive: true }));
  return (await build(folder.path)).teleworkerd;
}

/** A host to install on, as far as the file system goes; its systemd is a script, or missing. */
export class Host implements AsyncDisposable {
  private constructor(readonly folder: TemporaryFolder) {}

  static async make(): Promise<Host> {
    const folder = await TemporaryFolder.create();
    try {
      for (const name of ["local", "run", "bin"]) await Deno.mkdir(join(folder.path, name));
      await new Deno.Command("cp", { args: ["-a", "/etc", folder.path] }).output();
      return new Host(folder);
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  path(name: string): string {
    return join(this.folder.path, name);
  }

  /** Has systemd run there, with a systemctl that does this. */
  async runSystemd(script: string): Promise<void> {
    await Deno.mkdir(this.path("run/systemd/system"), { recursive: true });
    await Deno.writeTextFile(this.path("bin/systemctl"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Runs the program there. */
  async run(...args: string[]) {
    return await this.runAs([], ...args);
  }

  /** Runs the program there, as what the words of another program such as setpriv(1) make of it. */
  async runAs(prefix: readonly string[], ...args: string[]) {
    const words = ["--mount", "--propagation", "private", "sh", "-c", HOST, "sh", this.folder.path, ...prefix, PROGRAM];
    return await this.#end("unshare", ...words, ...args);
  }

  /** Runs the program here, to install below a folder. */
  async runBelow(root: string, ...args: string[]) {
    return await this.#end("sh", "-c", 'umask 077; exec "$@"', "sh", PROGRAM, ...args, "--root", this.path(root));
  }

  async #end(program: string, ...args: string[]) {
    const env = { XDG_CACHE_HOME: this.path("cache"), PATH: `${this.path("bin")}:/usr/sbin:/usr/bin:/sbin:/bin` };
    const { code, stdout, stderr } = await new Deno.Command(program, { args, env, stdin: "null" }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Everything below a folder with its mode, but for what every host's has. */
  list(folder: string): string[] {
    return [...walk(this.path(folder))].map(([path, mode]) => `${mode} ${path.slice(this.path(folder).length)}`).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

function* walk(folder: string): Generator<[path: string, mode: string]> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    yield [path, ((Deno.lstatSync(path).mode ?? 0) & 0o7777).toString(8)];
    if (isDirectory) yield* walk(path);
  }
}
