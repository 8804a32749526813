import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { programEnvironment, programWords } from "../support/programs.ts";
import { until } from "../support/until.ts";

/** Lines of each stream: their bytes come in many pieces, of which most end within a line. */
const LINES = 40_000;
const WRITERS = `seq -f "out %.0f of stdout" ${LINES} & seq -f "%.0f err" ${LINES} >&2; wait`;

/** Starts the client as a shell does for `2>&1`, with its stdout on a pipe, or where the redirection says. */
function startClient(daemon: Daemon, args: readonly string[], redirection = "2>&1"): Deno.ChildProcess {
  return new Deno.Command("sh", {
    args: ["-c", `exec "$@" ${redirection}`, "sh", ...programWords("teleworker"), ...args],
    ...programEnvironment({
      TELEWORKER_HOST: daemon.address,
      TELEWORKER_CERTS: daemon.certs,
      TELEWORKER_IDENTITY: "alice",
      NO_COLOR: "1",
    }),
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Checks that the lines of both streams are all there, whole and in order. */
function checkLines(text: string): void {
  const lines = text.split("\n");
  equal(lines.pop(), "");
  const numbers = Array.from({ length: LINES }, (_, index) => String(index + 1));
  deepEqual(lines.filter((line) => !/^(?:out \d+ of stdout|\d+ err)$/.test(line)), []);
  const of = (pattern: RegExp) => lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
  deepEqual([of(/^out (\d+) /), of(/^(\d+) err$/)], [numbers, numbers]);
}

Deno.test("one output for both streams: many lines → all there, none torn", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sh", args: ["-c", WRITERS] });
  await alice.wait(id);

  for (const args of [["run", "--", "sh", "-c", WRITERS], ["logs", id], ["logs", "-f", id]]) {
    const name = args.filter((word) => word !== id).slice(0, 2).join(" ");
    await t.step(`${name} on a pipe`, async () => {
      const client = startClient(daemon, args);
      checkLines(await new Response(client.stdout).text());
      equal((await client.status).code, 0);
    });
    await t.step(`${name} into a file`, async () => {
      const file = join(daemon.folder.path, "output");
      const client = startClient(daemon, args, '>"$OUTPUT" 2>&1'.replace("$OUTPUT", file));
      await client.stdout.cancel();
      equal((await client.status).code, 0);
      checkLines(await Deno.readTextFile(file));
    });
  }
});

Deno.test("one output for both streams: a prompt → shown while the job waits", async () => {
  await using daemon = await Daemon.start();
  const go = join(daemon.folder.path, "go");
  const program = 'printf "name? "; until [ -e "$0" ]; do sleep 0.02; done; printf bob';
  const client = startClient(daemon, ["run", "--", "sh", "-c", program, go]);
  let text = "";
  const reading = client.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (chunk) => void (text += chunk) }),
  );
  await until("the prompt is shown", () => text === "name? ");
  await Deno.writeTextFile(go, "");
  await reading;
  deepEqual([text, (await client.status).code], ["name? bob", 0]);
});

for (const [name, redirection] of [["one output", "2>&1"], ["stderr alone", "2>&1 >/dev/null"]] as const) {
  Deno.test(`${name}: a note after an unfinished line → on a line of its own`, async () => {
    await using daemon = await Daemon.start();
    const program = "printf 'no end' >&2; sleep 1000";
    const client = startClient(daemon, ["run", "--timeout", "500ms", "--", "sh", "-c", program], redirection);
    const text = await new Response(client.stdout).text();
    equal(text, "no end\nteleworker: It ran past its timeout of 0.5 s\n");
    equal((await client.status).code, 143);
  });
}

Deno.test("one output for both streams: interrupted → what was held is shown", async () => {
  await using daemon = await Daemon.start();
  // Without a child, of whose signal a shell would tell.
  const program = '$| = 1; $SIG{TERM} = sub { print "bye"; exit 3 }; print STDERR "ready\\n"; sleep 1 while 1';
  const client = startClient(daemon, ["run", "--", "perl", "-e", program]);
  let text = "";
  const reading = client.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (chunk) => void (text += chunk) }),
  );
  await until("the job is ready", () => text === "ready\n");
  client.kill("SIGINT");
  await reading;
  equal(text, "ready\nteleworker: Stopping the job; interrupt again to kill it\nbye");
  equal((await client.status).code, 3);
});
