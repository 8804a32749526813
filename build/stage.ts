import { join } from "node:path";
import type { Build } from "../lib/about/build.ts";

/** Top of the repository. */
export const ROOT = new URL("..", import.meta.url).pathname;

/** A copy of what the programs are made of that knows what is being built; its owner removes it. */
export interface Stage extends AsyncDisposable {
  readonly path: string;
}

/** Copies the sources of the programs, with `build` in place of what stands in the repository. */
export async function stage(build: Build): Promise<Stage> {
  const path = await Deno.makeTempDir({ prefix: "teleworker-build-" });
  try {
    for (const name of ["deno.json", "deno.lock", "client.ts", "server.ts"]) {
      await Deno.copyFile(join(ROOT, name), join(path, name));
    }
    await copyFolder(join(ROOT, "lib"), join(path, "lib"));
    await Deno.writeTextFile(join(path, "lib/about/build.json"), JSON.stringify(build));
  } catch (error) {
    await Deno.remove(path, { recursive: true });
    throw error;
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    await (isDirectory ? copyFolder : Deno.copyFile)(join(from, name), join(to, name));
  }
}
