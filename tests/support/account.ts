import { join } from "node:path";
import { z } from "zod";
import { TemporaryFolder } from "./folder.ts";

/** Another account than root's, as which the programs can be run. Only root can. */
export class Account implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  /** Variables for a program that it runs. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(readonly uid: number, folder: TemporaryFolder, cache: string) {
    this.#folder = folder;
    this.env = { DENO_DIR: cache, XDG_CACHE_HOME: cache };
  }

  /** Gives the account a directory of its own, with all that Deno needs. */
  static async make(uid: number): Promise<Account> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await TemporaryFolder.create());
    const cache = join(folder.path, "cache");
    await Deno.mkdir(cache);
    // Hard links where they can be had, for speed; access(2), by which Deno looks, knows nothing of capabilities.
    const npm = join(cache, "npm");
    await copy("--link", npm).catch(async () => await copy("--force", npm));
    for (const path of [folder.path, cache]) await Deno.chown(path, uid, uid);
    stack.move();
    return new Account(uid, folder, cache);
  }

  /** The account's directory. */
  get path(): string {
    return this.#folder.path;
  }

  /** The words of setpriv(1) before a program: as this account, with no other rights. */
  get words(): readonly string[] {
    return ["setpriv", `--reuid=${this.uid}`, `--regid=${this.uid}`, "--clear-groups"];
  }

  /** As {@linkcode words}, but it may read, not write, what is root's: the programs' source, certificates. */
  get prefix(): readonly string[] {
    return [...this.words, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}

async function copy(how: string, to: string): Promise<void> {
  const args = ["--recursive", how, await npmCache(), to];
  const { success, stderr } = await new Deno.Command("cp", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" }).output();
  return z.object({ npmCache: z.string() }).parse(JSON.parse(new TextDecoder().decode(stdout))).npmCache;
}
