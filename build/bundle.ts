import { join } from "node:path";
import { z } from "zod";
import { runDeno } from "./run_deno.ts";
import { type ProgramName, PROGRAMS } from "./run_flags.ts";

/** A program as JavaScript, with all it depends on. */
export interface Bundle {
  readonly folder: string;
  /** The module in it that is run. */
  readonly main: string;
  /** All modules in it, sorted by name. */
  readonly modules: readonly string[];
}

/** Seconds since 1970 that everything built is dated by, so that no build depends on its time: https://reproducible-builds.org/specs/source-date-epoch/ */
const sourceDateEpoch = z.coerce.number().int().nonnegative().parse(Deno.env.get("SOURCE_DATE_EPOCH") ?? 0);

/** Bundles a program out of a {@linkcode stage}, in a folder beside its sources. */
export async function bundle(stage: string, name: ProgramName): Promise<Bundle> {
  const { module } = PROGRAMS[name];
  const folder = join(stage, name);
  // Split, as what few verbs need is imported when they run: an engine that reads all of it starts a quarter slower.
  await runDeno(stage, "bundle", "--frozen", "--minify", "--code-splitting", "--outdir", folder, module);
  const modules = Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort();
  for (const name of modules) await Deno.utime(join(folder, name), sourceDateEpoch, sourceDateEpoch);
  return { folder, main: module.replace(/\.ts$/, ".js"), modules };
}
