import { join } from "node:path";
import { sourceDateEpoch } from "./commit.ts";
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

/** Bundles a program out of a {@linkcode stage}, in a folder beside its sources. */
export async function bundle(stage: string, name: ProgramName): Promise<Bundle> {
  const { module } = PROGRAMS[name];
  // Whenever it is built, for the same sources to give the same bytes.
  const date = sourceDateEpoch() ?? 0;
  const folder = join(stage, name);
  // Split, as what few verbs need is imported when they run: an engine that reads all of it starts a quarter slower.
  await runDeno(stage, "bundle", "--frozen", "--minify", "--code-splitting", "--outdir", folder, module);
  const modules = Array.from(Deno.readDirSync(folder), (entry) => entry.name).sort();
  for (const name of modules) await Deno.utime(join(folder, name), date, date);
  return { folder, main: module.replace(/\.ts$/, ".js"), modules };
}
