import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { BINARIES } from "../support/programs.ts";
import { teleworker } from "../support/teleworker.ts";

const prefix = ["prlimit", "--nofile=300:4000", "--"];

/** What a job finds as its limits of open files, soft and hard. */
async function limitsIn(daemon: Daemon, ...flags: readonly string[]): Promise<string[]> {
  const args = ["run", ...flags, "--", "sh", "-c", "ulimit -S -n; ulimit -H -n"];
  const { code, stdout, stderr } = await teleworker(daemon, args);
  return code === 0 ? stdout.trimEnd().split("\n") : [stderr];
}

Deno.test("Open files: a job without a limit → those that the daemon was started with", async () => {
  // A daemon from source does not know its soft one, for Deno has raised it.
  await using daemon = await Daemon.start({ prefix });
  deepEqual(await limitsIn(daemon), [BINARIES === null ? "1024" : "300", "4000"]);
  const user = Deno.uid() === 0 ? ["--user", "nobody"] : [];
  deepEqual(await limitsIn(daemon, ...user), [BINARIES === null ? "1024" : "300", "4000"]);
});

Deno.test({
  name: "Open files: a daemon from source that is told what it was started with → that",
  // The launcher of a binary says so itself.
  ignore: BINARIES !== null,
  async fn() {
    const from = async (told: string, limits = prefix) => {
      await using daemon = await Daemon.start({ prefix: limits, env: { TELEWORKER_OPEN_FILES: told } });
      return await limitsIn(daemon);
    };
    deepEqual(await from("300"), ["300", "4000"]);
    deepEqual(await from("unlimited"), ["4000", "4000"]);
    deepEqual(await from("9999"), ["4000", "4000"]);
    deepEqual(await from("", ["prlimit", "--nofile=600:600", "--"]), ["600", "600"]);
  },
});

Deno.test("--open-files: one number, or a soft and a hard one → in force, as far as the daemon allows", async () => {
  await using daemon = await Daemon.start({
    prefix,
    flags: ["--max-limits", '{"openFiles": {"soft": 512, "hard": 2048}}'],
  });
  deepEqual(await limitsIn(daemon, "--open-files", "64"), ["64", "64"]);
  deepEqual(await limitsIn(daemon, "--open-files", "64:128"), ["64", "128"]);
  deepEqual(await limitsIn(daemon, "--open-files", "64:4000"), ["64", "2048"]);
  deepEqual(await limitsIn(daemon), ["512", "2048"]);
  const name = ["--name", "shown"];
  deepEqual(await limitsIn(daemon, ...name, "--open-files", "1000:4000"), ["512", "2048"]);
  const { stdout } = await teleworker(daemon, ["status", "shown"]);
  deepEqual(/^limits +(.*)$/m.exec(stdout)?.[1], "open files 512:2048");
});

Deno.test("--open-files: more than a daemon without CAP_SYS_RESOURCE can set → refused, not started", async () => {
  const drop = Deno.uid() === 0 ? ["setpriv", "--bounding-set=-sys_resource", "--"] : [];
  await using daemon = await Daemon.start({ prefix: [...prefix, ...drop] });
  for (const given of ["1048576", "100:4001"]) {
    const { code, stdout, stderr } = await teleworker(daemon, ["start", "--open-files", given, "--", "true"]);
    deepEqual([code, stdout], [1, ""]);
    match(
      stderr,
      /^teleworker: Cannot limit open files to (1048576|4001): .* at most 4000, .*; ask for less, or .*\n$/,
    );
  }
  equal((await teleworker(daemon, ["list", "--output", "json"])).stdout, "");
  deepEqual(await limitsIn(daemon, "--open-files", "100:4000"), ["100", "4000"]);
});
