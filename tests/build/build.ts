import { join } from "node:path";
import { equal } from "../support/assert.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What a build said, and how it ended. */
export interface Built {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `deno task build` with these arguments and variables. */
export async function runBuild(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Built> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "build", ...args],
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Builds into a folder, with more arguments; the paths of the two programs. */
export async function build(
  folder: string,
  ...args: readonly string[]
): Promise<{ readonly teleworker: string; readonly teleworkerd: string }> {
  const { code, stderr } = await runBuild(["--out-dir", folder, ...args]);
  equal(code, 0, stderr);
  return { teleworker: join(folder, "teleworker"), teleworkerd: join(folder, "teleworkerd") };
}
