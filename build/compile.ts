import { join } from "node:path";
import type { Bundle } from "./bundle.ts";
import { DenoFailure, runDeno } from "./run_deno.ts";
import { type ProgramName, runFlags } from "./run_flags.ts";

/**
 * Why `deno compile` cannot work here, or null when it can. It copies its base, `denort`, out of `DENORT_BIN` or its cache, or downloads
 * it: only a try tells. Throws when `DENORT_BIN` is set and is no good, for then somebody wanted that one.
 */
export async function whyNotCompile(target: string): Promise<string | null> {
  const folder = await Deno.makeTempDir({ prefix: "teleworker-build-" });
  try {
    await Deno.writeTextFile(join(folder, "empty.js"), "");
    await runDeno(folder, "compile", "--no-config", "--target", target, "--output", "empty", "empty.js");
    return null;
  } catch (error) {
    if (!(error instanceof DenoFailure)) throw error;
    const base = Deno.env.get("DENORT_BIN");
    if (base !== undefined) throw new Error(`Cannot use DENORT_BIN "${base}": ${error.message}`);
    return /error sending request for url \(([^)]+)\)/.exec(error.message)?.[1]?.replace(/^/, "cannot download ") ??
      error.message.split("\n")[0] ?? "";
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Makes a bundled program into a binary with `deno compile`. The same bundle, base and Deno give the same bytes.
 *
 * Without a code cache: a binary would read one from a file in /tmp whose name everyone knows and whose owner it does not look at, which
 * would let any user of the host put code into the daemon. Without prompts: what is not allowed is refused, on a terminal too.
 */
export async function compile(
  { folder, main }: Bundle,
  name: ProgramName,
  target: string,
  output: string,
): Promise<void> {
  const flags = [
    "--no-config",
    "--no-check",
    "--no-code-cache",
    "--no-prompt",
    "--exclude-unused-npm",
    "--target",
    target,
    ...runFlags(name),
  ];
  await runDeno(folder, "compile", ...flags, "--output", output, main);
}
