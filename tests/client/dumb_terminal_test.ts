import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { hasScript, onTerminal, type Shown } from "../support/on_terminal.ts";
import { programWords } from "../support/programs.ts";

Deno.test("TERM: dumb or none → no escape sequence, also not of stats", { ignore: !hasScript() }, async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sh", args: ["-c", "exit 3"] });
  await alice.wait(id);
  const env = { TELEWORKER_HOST: daemon.address, TELEWORKER_CERTS: daemon.certs, TELEWORKER_IDENTITY: "alice" };
  const show = async (TERM: string, ...args: string[]): Promise<Shown> =>
    await onTerminal([...programWords("teleworker"), ...args], { ...env, TERM, NO_COLOR: "" });

  await t.step("a terminal that has a name gets colours, and is drawn again", async () => {
    ok((await show("xterm", "status", id)).text.includes("state       \x1b[31mexited 3\x1b[0m\n"));
    ok((await show("xterm", "stats", id)).text.startsWith("\x1b[H\x1b[J"));
    ok((await show("xterm", "--help")).text.includes("\x1b["));
  });

  for (const TERM of ["dumb", ""]) {
    await t.step(`TERM="${TERM}"`, async () => {
      for (const args of [["status", id], ["list", "--all"], ["stats"], ["stats", id], ["--help"], ["run", "--help"]]) {
        const { code, text } = await show(TERM, ...args);
        deepEqual([code, text.includes("\x1b")], [0, false], args.join(" "));
      }
      const daemonHelp = await onTerminal([...programWords("teleworkerd"), "--help"], { TERM, NO_COLOR: "" });
      equal(daemonHelp.text.includes("\x1b"), false);
    });
  }
});

Deno.test("help: terminal of no or few columns → shown", { ignore: !hasScript() }, async () => {
  const words = [[], ["run"], ["list"], ["certs"], ["certs", "request", "server"]];
  for (const columns of [0, 10]) {
    const size = `rows 24 cols ${columns}`;
    for (const args of [["--help"], ...words.map((words) => ["help", ...words])]) {
      const { code, text } = await onTerminal([...programWords("teleworker"), ...args], { NO_COLOR: "1" }, { size });
      deepEqual([code, /^Usage: +teleworker/m.test(text)], [0, true], `${columns}: ${args.join(" ")}: ${text}`);
    }
  }
});

Deno.test("stats: more jobs than rows → the head, what fits and a count", { ignore: !hasScript() }, async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const jobs = await Promise.all(
    Array.from({ length: 20 }, (_, number) => alice.start({ command: "true", name: `job-${number}` })),
  );
  const ids = jobs.map(({ id }) => id);
  await Promise.all(ids.map((id) => alice.wait(id)));
  const env = { TELEWORKER_HOST: daemon.address, TELEWORKER_CERTS: daemon.certs, TELEWORKER_IDENTITY: "alice" };
  const show = async (size: string, ...args: string[]) => {
    const { code, text } = await onTerminal([...programWords("teleworker"), "stats", ...args], env, { size });
    equal(code, 0);
    return text.replace("\x1b[H\x1b[J", "").trimEnd().split("\n");
  };

  const lines = await show("rows 10 cols 40", ...ids);
  match(lines[0] ?? "", /^ID {8}NAME +STATE +CPU .*…$/);
  deepEqual(lines.slice(1, -1).map((line) => line.slice(0, 8)), ids.slice(0, 7).map((id) => id.slice(0, 8)));
  equal(lines.at(-1), "… and 13 more");
  ok(lines.every((line) => line.length <= 40), lines.join("\n"));

  equal((await show("rows 22 cols 200", ...ids)).length, 21);
  equal((await show("rows 0 cols 0", ...ids)).length, 21);
  equal((await show("rows 1 cols 40", ...ids)).length, 1);
  equal((await show("rows 10 cols 40", "--once", ...ids)).length, 21);
});
