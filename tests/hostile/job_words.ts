import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import type { Job, StartRequest } from "../../lib/contract/mod.ts";
import type { Random } from "../faults/support/random.ts";
import type { Case } from "../faults/support/suite.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { TemporaryFolder } from "../support/folder.ts";

/** Jobs with words made of all the pieces at random. */
const RANDOM_JOBS = 10;

/** Commands' words that a shell would take for more than words. */
export const jobWords: Case = {
  name: "a job's words reach its program as they are, and nothing else runs",
  run: async (random) => {
    await using folder = await TemporaryFolder.create();
    await using daemon = await Daemon.start();
    using alice = await Https.as(daemon, "alice");
    const canary = join(folder.path, "canary");
    const pieces = piecesFor(canary);
    const words = [
      pieces,
      [...pieces].reverse(),
      ["--", "-c", `touch ${canary}`],
      ["x".repeat(100_000), "\n".repeat(100_000)],
      Array.from({ length: 5_000 }, (_, number) => `word ${number} $(touch ${canary})`),
      ...Array.from({ length: RANDOM_JOBS }, () => randomWords(random, pieces)),
    ];
    await Promise.all(words.map((args) => echoes(alice, args)));
    for (const piece of pieces) await everywhere(alice, piece);
    await refused(alice);
    deepEqual([...Deno.readDirSync(folder.path)], [], "Something ran that nobody asked for");
  },
};

/** What means something to shells, to programs, or to whoever reads a line. */
function piecesFor(canary: string): string[] {
  const run = `touch ${canary}`;
  return [
    ...[
      `$(${run})`,
      `\`${run}\``,
      `; ${run};`,
      `| ${run}`,
      `& ${run} &`,
      `\n${run}\n`,
      `' ; ${run} ; '`,
      `"; ${run}; "`,
    ],
    ...[`$((a[$(${run})]))`, `\${x:-$(${run})}`, `<(${run})`, `> ${canary}`, `>${canary}`, `() { :; }; ${run}`],
    ...[
      `a=$(${run})`,
      "-",
      "--",
      "-e",
      "-c",
      `--help`,
      "--reuid=0",
      "*",
      "?",
      "[a-z]*",
      "~",
      "~root",
      "$0",
      "$@",
      "$$",
    ],
    ...[
      "",
      " ",
      "\t",
      "\r\n",
      "\\",
      "\\\n",
      "\x1b]0;x\x07",
      "\x01\x7f",
      "\u202e",
      "\ufeff",
      "\uffff",
      "🦕",
      "%s%n",
      "!!",
      "#",
    ],
  ];
}

function randomWords(random: Random, pieces: readonly string[]): string[] {
  const word = () => random.sample(pieces, random.between(0, 5)).join("");
  return Array.from({ length: random.between(0, 20) }, word);
}

/** Runs printf(1) with these arguments, a NUL behind each. */
async function echoes(https: Https, args: readonly string[]): Promise<void> {
  const job = await https.start({ command: "printf", args: ["%s\\0", "first", ...args] });
  deepEqual((await output(https, job)).split("\0"), ["first", ...args, ""]);
}

async function output(https: Https, { id }: Job): Promise<string> {
  const { state, exitCode, reason } = await https.wait(id);
  deepEqual({ state, exitCode, reason }, { state: "exited", exitCode: 0, reason: null });
  return await (await https.send("GET", `/v1/jobs/${id}/stdout`)).text();
}

/** Puts it into every other field: that starts no more than a program of that name could. */
async function everywhere(https: Https, piece: string): Promise<void> {
  const good = { command: "true", args: [] };
  const requests: StartRequest[] = [
    { ...good, command: piece },
    { ...good, name: piece },
    { ...good, user: piece },
    { ...good, cwd: piece },
    { ...good, cwd: `/${piece}` },
    { ...good, env: { [piece]: "x" } },
    { ...good, env: { X: piece, PATH: piece } },
    { ...good, limits: { writeBytesPerSecond: { [piece]: 1_000_000 } } },
  ];
  for (const request of requests) {
    const response = await https.send("POST", "/v1/jobs", request, { "Idempotency-Key": crypto.randomUUID() });
    if (response.status !== 201) await response.body?.cancel();
    else {
      const { state } = await https.wait((await https.job(response)).id);
      equal(["exited", "failed"].includes(state), true, `${JSON.stringify(request)} ended as ${state}`);
    }
  }
}

/** What no process can be given is refused, or the job has failed and says so; never is a part of it dropped. */
async function refused(https: Https): Promise<void> {
  for (const args of [["a\0b"], ["\ud800"]]) {
    const response = await https.send("POST", "/v1/jobs", { command: "true", args });
    await response.body?.cancel();
    equal(response.status, 400);
  }
  // The kernel takes no word of more than 128 KiB (execve(2)).
  const { state, reason } = await https.start({ command: "true", args: ["x".repeat(200_000)] });
  deepEqual({ state, reason }, {
    state: "failed",
    reason: 'Cannot start "true": its arguments are too long for this host',
  });
}
