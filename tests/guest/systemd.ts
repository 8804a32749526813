/**
 * Runs the tests of the installed daemon in the guest with systemd, on the binaries of `--binaries DIR`, or on new ones.
 * @module
 */
import { TemporaryFolder } from "../support/folder.ts";
import { BINARIES } from "../support/programs.ts";

/** Runs this Deno to its end, in the guest or here. */
async function deno(args: readonly string[], guest = false): Promise<number> {
  const words = guest ? [new URL("systemd-run", import.meta.url).pathname, Deno.execPath()] : [Deno.execPath()];
  const [program = "", ...first] = words;
  const { code } = await new Deno.Command(program, { args: [...first, ...args] }).spawn().status;
  return code;
}

async function main(): Promise<number> {
  await using folder = await TemporaryFolder.create();
  const binaries = BINARIES ?? folder.path;
  if (BINARIES === null) {
    const code = await deno(["task", "build", "--out-dir", binaries]);
    if (code !== 0) return code;
  }
  const flags = ["--allow-all", "--no-check", "--trace-leaks", "--sanitize-ops", "--sanitize-resources"];
  return await deno(["test", ...flags, "tests/install/systemd.ts", "--", "--binaries", binaries], true);
}

Deno.exit(await main());
