import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { spawnTeleworker, teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { LiveClient } from "./live_client.ts";

Deno.test("logs shows what a job wrote", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const ended = async (command: string, ...args: string[]) => {
    const { id } = await alice.start({ command, args });
    await alice.wait(id);
    return id;
  };
  const lines = await ended("sh", "-c", "for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf end; exit 4");

  await t.step("both streams, whole, apart, under each of its names", async () => {
    for (const verb of ["logs", "stream", "output"]) {
      const shown = await teleworker(daemon, [verb, lines]);
      deepEqual(shown, { code: 0, stdout: "out 1\nout 2\nout 3\nend", stderr: "err 1\nerr 2\nerr 3\n" });
    }
  });

  await t.step("one of them on request", async () => {
    deepEqual(await teleworker(daemon, ["logs", "--stdout", lines]), {
      code: 0,
      stdout: "out 1\nout 2\nout 3\nend",
      stderr: "",
    });
    const only = await teleworker(daemon, ["logs", "--stderr", lines]);
    deepEqual(only, { code: 0, stdout: "", stderr: "err 1\nerr 2\nerr 3\n" });
    const both = await teleworker(daemon, ["logs", "--stdout", "--stderr", lines]);
    deepEqual(both, await teleworker(daemon, ["logs", lines]));
  });

  await t.step("the last lines of each on request", async () => {
    const tail = async (count: string) => await teleworker(daemon, ["logs", "--tail", count, lines]);
    deepEqual(await tail("2"), { code: 0, stdout: "out 3\nend", stderr: "err 2\nerr 3\n" });
    deepEqual(await tail("0"), { code: 0, stdout: "", stderr: "" });
    deepEqual(await tail("1000"), await teleworker(daemon, ["logs", lines]));
  });

  await t.step("until the end with -f, exiting as the job did", async () => {
    const shown = await teleworker(daemon, ["logs", "-f", lines]);
    deepEqual(shown, { code: 4, stdout: "out 1\nout 2\nout 3\nend", stderr: "err 1\nerr 2\nerr 3\n" });
    equal((await teleworker(daemon, ["logs", "-f", "--tail", "1", await ended("sh", "-c", "kill -9 $$")])).code, 137);
  });

  await t.step("byte for byte, also where it is no text", async () => {
    const bytes = new Uint8Array(300_000);
    for (let offset = 0; offset < bytes.length; offset += 50_000) {
      crypto.getRandomValues(bytes.subarray(offset, offset + 50_000));
    }
    bytes.fill(0, 1000, 2000);
    const path = join(daemon.folder.path, "random");
    await Deno.writeFile(path, bytes);
    const id = await ended("sh", "-c", `cat "$0"; cat "$0" >&2`, path);
    for (const flags of [[], ["-f"]]) {
      const { stdout, stderr } = await spawnTeleworker(daemon, ["logs", ...flags, id]).output();
      ok(equalBytes(stdout, bytes) && equalBytes(stderr, bytes), flags.join());
    }
  });

  await t.step("nothing for a job that wrote nothing, or never started", async () => {
    deepEqual(await teleworker(daemon, ["logs", "-f", await ended("true")]), { code: 0, stdout: "", stderr: "" });
    const failed = await ended("no-such-program");
    deepEqual(await teleworker(daemon, ["logs", failed]), { code: 0, stdout: "", stderr: "" });
    equal((await teleworker(daemon, ["logs", "-f", failed])).code, 125);
  });

  await t.step("live, from the first byte for who comes late, and to as many as want", async () => {
    const go = join(daemon.folder.path, "go");
    const program = 'echo early; echo early >&2; while [ ! -e "$0" ]; do sleep 0.02; done; echo late; exit 5';
    const { id } = await alice.start({ command: "sh", args: ["-c", program, go] });
    await using first = new LiveClient(daemon, ["logs", "-f", id]);
    await first.prints("early\n");
    await using second = new LiveClient(daemon, ["logs", "-f", id]);
    await using stderrOnly = new LiveClient(daemon, ["logs", "-f", "--stderr", id]);
    await second.prints("early\n");
    await stderrOnly.notes("early\n");
    await Deno.writeTextFile(go, "");
    const whole = { code: 5, stdout: "early\nlate\n", stderr: "early\n" };
    deepEqual([await first.ended, await second.ended], [whole, whole]);
    deepEqual(await stderrOnly.ended, { code: 5, stdout: "", stderr: "early\n" });
  });

  await t.step("or says that there is no such job, and exits as a failure of its own", async () => {
    const stderr = 'teleworker: There is no job "nope"\n';
    deepEqual(await teleworker(daemon, ["logs", "nope"]), { code: 1, stdout: "", stderr });
    deepEqual(await teleworker(daemon, ["logs", "-f", "nope"]), { code: 125, stdout: "", stderr });
  });
});

for (const road of ["TLS", "the Unix socket"]) {
  Deno.test(`logs -f goes on where it was over ${road} when the daemon is killed and comes back`, async () => {
    await using daemon = await Daemon.start();
    using alice = await Https.as(daemon, "alice");
    const enough = join(daemon.folder.path, "enough");
    // Numbers on both streams, in lines of different lengths, until the test has seen enough.
    const program =
      'i=0; while [ ! -e "$0" ]; do i=$((i+1)); echo "$i"; echo "number $i" >&2; sleep 0.005; done; exit 6';
    const { id } = await alice.start({ command: "sh", args: ["-c", program, enough] });
    await using client = new LiveClient(daemon, [
      "logs",
      "-f",
      ...(road === "TLS" ? [] : ["--socket", daemon.socket]),
      id,
    ]);
    for (const number of [50, 150]) {
      await client.prints(`\n${number}\n`);
      await daemon.end("SIGKILL");
      await client.notes("trying again");
      const [stdout, stderr] = [client.stdout.length, client.stderr.length];
      await daemon.run();
      // Else the next loss would be the same one.
      await until("both go on", () => client.stdout.length > stdout && client.stderr.length > stderr);
    }
    await client.prints("\n300\n");
    await Deno.writeTextFile(enough, "");
    const { code, stdout, stderr } = await client.ended;
    equal(code, 6);
    const count = stdout.split("\n").length - 1;
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    equal(stdout, numbers.map((number) => `${number}\n`).join(""));
    const notices = stderr.match(/teleworker: [^\n]*; trying again\n/g) ?? [];
    equal(notices.length, 2, stderr);
    const theirs = notices.reduce((text, notice) => text.replace(notice, ""), stderr);
    equal(theirs, numbers.map((number) => `number ${number}\n`).join(""));
  });
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
