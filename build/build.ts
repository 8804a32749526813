/**
 * `deno task build`: makes `dist/teleworker` and `dist/teleworkerd`, one file each that runs where neither Deno nor our source is.
 * @module
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import type { Build } from "../lib/about/build.ts";
import { bundle } from "./bundle.ts";
import { compile, whyNotCompile } from "./compile.ts";
import { commit } from "./commit.ts";
import { type ProgramName, PROGRAMS } from "./run_flags.ts";
import { packRuntime, selfContain } from "./self_contained.ts";
import { ROOT, stage } from "./stage.ts";

const optionsSchema = z.object({
  "out-dir": z.string().default("dist"),
  target: z.enum(["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]).default(
    `${Deno.build.arch}-unknown-linux-gnu`,
  ),
  /** What to make, or fail; else compiled where that can be. */
  kind: z.enum(["compiled", "self-contained"]).optional(),
});

/** Which kind can be made of what was asked for; says when it is not the better one. */
async function chooseKind({ kind, target }: z.infer<typeof optionsSchema>): Promise<Exclude<Build["kind"], "source">> {
  if (kind !== "self-contained") {
    const reason = await whyNotCompile(target);
    if (reason === null) return "compiled";
    if (kind === "compiled") throw new Error(`Cannot compile: ${reason}`);
    console.log(`deno compile does not work here (${reason}): making self-contained files instead`);
  }
  if (target.startsWith(Deno.build.arch)) return "self-contained";
  throw new Error(`Cannot build self-contained for "${target}": such a file carries the Deno that builds it`);
}

/** Builds both programs and says what was made. */
async function build(options: z.infer<typeof optionsSchema>): Promise<void> {
  const folder = resolve(ROOT, options["out-dir"]);
  const kind = await chooseKind(options);
  await using sources = await stage({ kind, commit: await commit() });
  await Deno.mkdir(folder, { recursive: true });
  const runtime = kind === "compiled" ? null : await packRuntime();
  for (const name of Object.keys(PROGRAMS) as ProgramName[]) {
    const output = resolve(folder, name);
    // A file that is running cannot be written to, but another can take its name.
    const unfinished = `${output}.new`;
    const program = await bundle(sources.path, name);
    if (runtime === null) await compile(program, name, options.target, unfinished);
    else await selfContain(program, name, runtime, unfinished);
    await Deno.rename(unfinished, output);
    const megabytes = ((await Deno.stat(output)).size / 1e6).toFixed(1);
    console.log(`${output}: ${kind}, ${megabytes} MB`);
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return error instanceof Error ? error.message : String(error);
  return error.issues.map(({ path, message }) => `--${path.join(".")}: ${message}`).join("; ");
}

try {
  const { values } = parseArgs({
    args: Deno.args,
    options: { "out-dir": { type: "string" }, target: { type: "string" }, kind: { type: "string" } },
  });
  await build(optionsSchema.parse(values));
} catch (error) {
  console.error(`build: ${messageOf(error)}`);
  Deno.exit(error instanceof TypeError || error instanceof z.ZodError ? 2 : 1);
}
