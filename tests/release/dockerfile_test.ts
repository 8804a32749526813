import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { PROGRAMS } from "../../build/run_flags.ts";
import { stage } from "../../build/stage.ts";
import { parseCommandLine } from "../../lib/server/flags.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const dockerfile = Deno.readTextFileSync(join(ROOT, "Dockerfile"));
const ignore = Deno.readTextFileSync(join(ROOT, ".dockerignore")).split("\n");

/** The rest of each line that has this instruction. */
function instructions(name: string): string[] {
  return [...dockerfile.matchAll(new RegExp(`^${name} (.*)$`, "gm"))].map(([, rest]) => rest ?? "");
}

Deno.test("Dockerfile: CMD → options that the daemon takes", () => {
  const words: unknown = JSON.parse(instructions("CMD")[0] ?? "");
  ok(Array.isArray(words) && words.every((word) => typeof word === "string"));
  const [program, ...args] = words;
  equal(program, "teleworkerd");
  const command = parseCommandLine(args);
  ok(command.verb === "serve");
  deepEqual([command.flags.listen, command.flags.certs], ["0.0.0.0:8443", "/etc/teleworker/certs"]);
});

Deno.test("Dockerfile: second stage → has what the first one builds", () => {
  const [sources, target] = [instructions("COPY --from=build"), "/usr/local/bin/"];
  deepEqual(sources, [`${Object.keys(PROGRAMS).reverse().map((name) => `/src/dist/${name}`).join(" ")} ${target}`]);
});

Deno.test(".dockerignore: all but what a build reads → left out", async () => {
  await using sources = await stage({ kind: "compiled", commit: null });
  const read = ["build", ...[...Deno.readDirSync(sources.path)].map(({ name }) => name)];
  equal(ignore.includes("*"), true);
  deepEqual(ignore.filter((line) => line.startsWith("!")).sort(), read.map((name) => `!${name}`).sort());
  ok(ignore.indexOf("**/*.pem") > ignore.findLastIndex((line) => line.startsWith("!")));
});
