import { join } from "node:path";
import type { ProgramName } from "../../build/run_flags.ts";
import { deepEqual } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { BINARIES, programWords } from "../support/programs.ts";
import { teleworker } from "../support/teleworker.ts";

const PRELOAD = new URL("../support/remove_directory.ts", import.meta.url).pathname;

/** Runs a program in a directory that was removed. */
async function runRemoved(name: ProgramName, args: readonly string[], env: Readonly<Record<string, string>>) {
  const [deno, verb = "", ...words] = programWords(name);
  const { code, stdout, stderr } = await new Deno.Command(deno, {
    args: [verb, `--preload=${PRELOAD}`, ...words, ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test(
  "a removed directory: the client → works, where no path is relative",
  { ignore: BINARIES !== null },
  async () => {
    await using daemon = await Daemon.start();
    const env = { TELEWORKER_HOST: daemon.address, TELEWORKER_CERTS: daemon.certs, TELEWORKER_IDENTITY: "alice" };
    deepEqual(await runRemoved("teleworker", ["run", "--", "sh", "-c", "echo out; pwd; echo err >&2; exit 7"], env), {
      code: 7,
      stdout: "out\n/\n",
      stderr: "err\n",
    });
    const show = ["certs", "show", "server.pem"];
    deepEqual(await runRemoved("teleworker", show, env), await teleworker(daemon, show));
    deepEqual(await runRemoved("teleworker", ["list", "--certs", "certs"], env), {
      code: 1,
      stdout: "",
      stderr: 'teleworker: Cannot use "certs": the current directory was removed; run: cd DIR\n',
    });
  },
);

Deno.test("a removed directory: the daemon → says so", { ignore: BINARIES !== null }, async () => {
  for (const args of [["check"], ["--certs", join("/nonexistent", "certs")]]) {
    deepEqual(await runRemoved("teleworkerd", args, {}), {
      code: 1,
      stdout: "",
      stderr: "teleworkerd: Cannot run in a directory that was removed; run: cd /\n",
    });
  }
});
