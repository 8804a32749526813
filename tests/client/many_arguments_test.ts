import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { parse, parserFor } from "../../lib/client/program.ts";
import { suggest } from "../../lib/client/suggestions.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";

const NOWHERE = { address: "127.0.0.1:1", certs: "/nowhere" };

/** Texts with the numbers from 1 to n. */
function numbered(n: number, text = (index: number) => String(index)): string[] {
  return Array.from({ length: n }, (_, index) => text(index + 1));
}

/** Milliseconds of the fastest of three calls. */
function fastest(call: () => void): number {
  return Math.min(
    ...numbered(3).map(() => {
      const start = performance.now();
      call();
      return performance.now() - start;
    }),
  );
}

Deno.test("60,000 arguments: parsing and completion → time grows no faster than they do", async (t) => {
  const env = (index: number) => `-eA${index}=1`;
  const lines: Readonly<Record<string, (n: number) => string[]>> = {
    "run -- PROGRAM ...": (n) => ["run", "--", "seq", ...numbered(n)],
    "run PROGRAM ...": (n) => ["run", "seq", ...numbered(n)],
    "run -e ...": (
      n,
    ) => ["run", ...numbered(n, env).flatMap((flag) => [flag.slice(0, 2), flag.slice(2)]), "--", "true"],
    "start --read-bps=...": (n) => ["start", ...numbered(n, (disk) => `--read-bps=d${disk}:1M`), "--", "true"],
    "remove JOB...": (n) => ["remove", ...numbered(n)],
    "stats JOB...": (n) => ["stats", ...numbered(n), "--once"],
    "certs server HOST...": (n) => ["certs", "server", ...numbered(n)],
    "--output ... list": (n) => ["--output", "json", "completion", "bash", "--", ...numbered(n)],
  };
  for (const [name, line] of Object.entries(lines)) {
    await t.step(name, () => {
      // Each of the options is two arguments, or a long one.
      const few = line(300);
      const many = line(/-e|-bps/.test(name) ? 30_000 : 60_000);
      const before = (args: readonly string[]) => suggest(parserFor(args), [...args, ""]);
      for (const call of [parse, before]) {
        call(few);
        const ratio = fastest(() => call(many)) / fastest(() => call(few));
        // A hundred or two hundred times as many; what is quadratic would take ten thousand times as long.
        ok(ratio < 1000, `${call.name}: ${ratio} times as long`);
      }
    });
  }
});

Deno.test("60,000 arguments: run → the job has all of them", async () => {
  await using daemon = await Daemon.start();
  const words = numbered(60_000);
  const ended = await teleworker(daemon, ["run", "--", "sh", "-c", 'echo $# "$1" "$60000"', "sh", ...words]);
  deepEqual(ended, { code: 0, stdout: "60000 1 60000\n", stderr: "" });
});

Deno.test("60,000 arguments: wrong usage before, among or after them → exit code 2", async () => {
  const words = numbered(60_000);
  const wrong: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [["run", ...words, "-x"], /^teleworker: Unexpected option or argument: "-x"\n/],
    [["run", "-x", ...words], /^teleworker: Unexpected option or argument: "-x"\n/],
    [["list", ...words], /^teleworker: Unexpected option or argument: "1"\n$/],
    [["frobnicate", ...words], /^teleworker: There is no verb "frobnicate"\n$/],
    [["run", ...words.flatMap(() => ["-e", "A=1"]), "-e", "B", "--", "true"], /^teleworker: Cannot use --env "B": /],
    [words.flatMap(() => ["--certs", "x"]).concat("list"), /^teleworker: "--certs" cannot be used multiple times\n$/],
  ];
  for (const [args, says] of wrong) {
    const { code, stdout, stderr } = await teleworker(NOWHERE, args);
    deepEqual([code, stdout], [2, ""], args.slice(0, 3).join(" "));
    match(stderr, says);
  }
});

Deno.test("More jobs than a client may have connections: stop, wait, stats, remove → each of them", async () => {
  // A third of these for connections, a quarter of them for the Unix socket.
  await using daemon = await Daemon.start({ prefix: ["prlimit", "--nofile=1024:1024"] });
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sleep", args: ["1000"] });
  const ids = numbered(300, () => id);
  const stopped = await teleworker(daemon, ["stop", ...ids]);
  deepEqual(stopped, { code: 0, stdout: `${id} stopped SIGTERM\n`.repeat(300), stderr: "" });
  equal((await teleworker(daemon, ["stats", "--once", ...ids])).stdout.split("\n").length, 302);
  const waited = await teleworker(daemon, ["wait", ...ids]);
  deepEqual([waited.stdout, waited.stderr], [`${id} stopped SIGTERM\n`.repeat(300), ""]);
  const removed = await teleworker(daemon, ["remove", ...ids.slice(1), "nope"]);
  deepEqual(removed, { code: 1, stdout: "", stderr: 'teleworker: There is no job "nope"\n' });
});
