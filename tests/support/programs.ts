import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type ProgramName, PROGRAMS, runFlags } from "../../build/run_flags.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const { values } = parseArgs({ args: Deno.args, options: { binaries: { type: "string" } }, strict: false });
const folder = z.string().optional().parse(values.binaries);

/** The folder of `--binaries DIR`, when the tests are to run those; null when they run the programs' source. */
export const BINARIES = folder === undefined ? null : resolve(folder);

/**
 * The environment of a program: with these variables beside ours, or, for a binary, which needs nothing of ours, with these alone, a
 * PATH of the system's own programs and another HOME.
 */
export function programEnvironment(
  variables: Readonly<Record<string, string>>,
): { readonly clearEnv: boolean; readonly env: Record<string, string> } {
  if (BINARIES === null) return { clearEnv: false, env: { ...variables } };
  return { clearEnv: true, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/nonexistent", ...variables } };
}

/** The words that start a program, as users start it: a binary, or its source by the flags of its task in deno.json. */
export function programWords(name: ProgramName): [program: string, ...args: string[]] {
  if (BINARIES !== null) return [join(BINARIES, name)];
  const flags = ["run", "--quiet", "--no-prompt", "--no-check", ...runFlags(name)];
  return [Deno.execPath(), ...flags, join(ROOT, PROGRAMS[name].module)];
}
