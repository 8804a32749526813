import denoJson from "../../deno.json" with { type: "json" };
import { fileURLToPath } from "node:url";
import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { BINARIES, programWords } from "../support/programs.ts";
import { spawnTeleworker, teleworker } from "../support/teleworker.ts";

const NOWHERE = { address: "127.0.0.1:1", certs: "/nowhere" };
const VERBS = "start run status list logs stop remove wait stats certs help completion".split(" ");

Deno.test("--help on every level shows an example, on stdout", async () => {
  const levels = [[], ...VERBS.map((verb) => [verb]), ...["init", "server", "client"].map((what) => ["certs", what])];
  await Promise.all(levels.map(async (level) => {
    const { code, stdout, stderr } = await teleworker(NOWHERE, [...level, "--help"]);
    deepEqual({ code, stderr }, { code: 0, stderr: "" }, level.join(" "));
    match(stdout, /^Usage: teleworker/m);
    match(stdout, new RegExp(`^ *(Example: )?teleworker ${level[0] ?? "run"}\\b.+`, "m"), level.join(" "));
  }));
});

Deno.test("--help names every verb, and is the same as -h and help", async () => {
  const { stdout } = await teleworker(NOWHERE, ["--help"]);
  for (const verb of VERBS) match(stdout, new RegExp(`^  ${verb} +\\S`, "m"));
  equal((await teleworker(NOWHERE, ["-h"])).stdout, stdout);
  equal((await teleworker(NOWHERE, ["help"])).stdout, stdout);
});

Deno.test("help VERB is VERB --help", async () => {
  for (const words of [["stop"], ["ps"], ["certs"], ["certs", "init"], ["certs", "request", "client"], ["help"]]) {
    const help = await teleworker(NOWHERE, ["help", ...words]);
    deepEqual(help, await teleworker(NOWHERE, [...words, "--help"]), words.join(" "));
    deepEqual({ code: help.code, stderr: help.stderr }, { code: 0, stderr: "" });
  }
});

Deno.test("--version says the version of deno.json, what kind of program it is, and the version of Deno", async () => {
  const { code, stdout, stderr } = await teleworker(NOWHERE, ["--version"]);
  deepEqual({ code, stderr }, { code: 0, stderr: "" });
  const kind = BINARIES === null ? "source" : "(?:compiled|self-contained), commit [0-9a-f]{12}(?:-dirty)?";
  match(
    stdout,
    new RegExp(`^${RegExp.escape(denoJson.version)} \\(${kind}, Deno ${RegExp.escape(Deno.version.deno)}\\)\n$`),
  );
});

Deno.test("wrong usage ends with 2, says what is wrong, and says it on stderr", async (t) => {
  const usages: readonly (readonly [args: string[], says: RegExp])[] = [
    [[], /verb is missing.*teleworker --help/],
    [["strat", "--", "ls"], /"strat"[^]*Did you mean "start" or "stats"\?/],
    [["statsu", "x"], /"statsu"[^]*Did you mean.*"status"/],
    [["lsit"], /"lsit"[^]*Did you mean.*"list"/],
    [["stram", "x"], /"stram"[^]*Did you mean "logs"\?/],
    [["certs", "inti"], /"inti"[^]*Did you mean.*"init"/],
    [["certs", "list", "--host", "a:1"], /"--host"/],
    [["help", "stpo"], /^teleworker: [^]*"stpo"[^]*Did you mean.*"stop"/],
    [["help", "certs", "inti"], /^teleworker: [^]*"inti"[^]*Did you mean.*"init"/],
    [["help", "frobnicate"], /^teleworker: [^]*"frobnicate"/],
    [["completion"], /SHELL/],
    [["completion", "csh"], /Cannot use SHELL "csh": it must be bash, zsh or fish/],
    [["certs"], /init, server, client, request, list, show, renew or revoke/],
    [["frobnicate"], /: There is no verb "frobnicate"\n$/],
    [["lst", "--al"], /: There is no verb "lst"\n\nDid you mean "list"\?\n$/],
    [["list", "--memroy"], /: Unexpected option or argument: "--memroy"\n$/],
    [["--hots", "a:1", "list"], /"--hots"\n\nDid you mean "--host"\?\n$/],
    [["run", "--output", "json", "--", "ls"], /: Cannot use --output "json" with run: it shows what the job writes/],
    [["logs", "--output", "json", "a"], /: Cannot use --output "json" with logs: /],
    [["start"], /COMMAND[^]*program and its arguments come last, after --/],
    [["start", "--"], /COMMAND/],
    [["run", "ls", "-la"], /"-la"[^]*program and its arguments come last, after --/],
    [["start", "--memroy", "1M", "--", "ls"], /"--memroy"[^]*Did you mean "--memory"/],
    [
      ["start", "--memory", "12Q", "--", "ls"],
      /: Cannot use --memory "12Q": unknown unit, it must be a number and a unit, such as 512K, 256M or 1.5G\n$/,
    ],
    [
      ["start", "--memory", "-5", "--", "ls"],
      /: Cannot use --memory "-5": it must be a number and a unit, such as 512K/,
    ],
    [
      ["start", "--cpus", "abc", "--", "ls"],
      /: Cannot use --cpus "abc": it must be a number, such as 0.5, 50% or 2\n$/,
    ],
    [
      ["start", "--pids", "0", "--", "ls"],
      /: Cannot use --pids "0": it must be a whole number from 1 on, such as "100"\n$/,
    ],
    [
      ["start", "--cpu-weight", "10001", "--", "ls"],
      /: Cannot use --cpu-weight "10001": .* from 1 to 10000, such as "100"\n$/,
    ],
    [
      ["start", "--timeout", "soon", "--", "ls"],
      /: Cannot use --timeout "soon": it must be .*, such as 30s, 5m or 2h\n$/,
    ],
    [["start", "--memory", "1k", "--", "ls"], /: Cannot use --memory "1k": it must be at least 64K, such as "256M"\n$/],
    [["run", "--cpus", "0", "--", "ls"], /: Cannot use --cpus "0": it must be at least 0.01, such as "0.5"\n$/],
    [
      ["start", "--open-files", "1", "--", "ls"],
      /: Cannot use --open-files "1": it must be at least 20, such as "256:1024"\n$/,
    ],
    [
      ["start", "--open-files", "30:1", "--", "ls"],
      /: Cannot use --open-files "30:1": it must be at least 20, such as "256:1024"\n$/,
    ],
    [
      ["start", "--open-files", "40:30", "--", "ls"],
      /: Cannot use --open-files "40:30": it must have a soft limit that is not above the hard one, such as "256:1024"\n$/,
    ],
    [
      ["start", "--open-files", "30:", "--", "ls"],
      /: Cannot use --open-files "30:": it must be a whole number, such as 256, or two, such as 256:1024\n$/,
    ],
    [
      ["start", "--pids", "5000000", "--", "ls"],
      /: Cannot use --pids "5000000": it must be at most 4194304, such as "100"\n$/,
    ],
    [
      ["start", "--cpu-time", "0s", "--", "ls"],
      /: Cannot use --cpu-time "0s": it must be above zero, such as "30s"\n$/,
    ],
    [
      ["start", "--output-max", "1K", "--", "ls"],
      /: Cannot use --output-max "1K": it must be at least 64K, such as "256M"\n$/,
    ],
    [["start", "--name", "a b", "--", "ls"], /: Cannot use --name "a b": it must be 1 to 63 letters, /],
    [
      ["start", "--cwd", "here", "--", "ls"],
      /: Cannot use --cwd "here": it must be an absolute path, such as "\/srv"\n$/,
    ],
    [
      ["start", "--user", "", "--", "ls"],
      /: Cannot use --user "": it must be the name of an account, such as "nobody"\n$/,
    ],
    [["start", "-e", "TELEWORKER_JOB=x", "--", "ls"], /: Cannot use --env "TELEWORKER_JOB=x": it must not begin with /],
    [["stop", "--grace", "2d", "a"], /: Cannot use --grace "2d": it must be at most a day, such as "30s"\n$/],
    [["start", "--write-bps", ":1M", "--", "ls"], /: Cannot use --write-bps ":1M": it names no disk/],
    [["start", "-e", "NAME", "--", "ls"], /: Cannot use --env "NAME": it must be NAME=VALUE, such as "LANG=C"\n$/],
    [["start", "--name", "a", "--name", "b", "--", "ls"], /"--name"/],
    ...["status", "logs", "stop", "remove", "wait", "stats"].map((
      verb,
    ): [string[], RegExp] => [[verb, ""], /^teleworker: Cannot use JOB "": it must not be empty, such as "backup"\n$/]),
    [["stop", "a", ""], /^teleworker: Cannot use JOB "": it must not be empty, such as "backup"\n$/],
    [["status"], /JOB/],
    [["status", "a", "b"], /"b"/],
    [["list", "a"], /"a"/],
    [["stop"], /JOB/],
    [
      ["stop", "--signal", "NOPE", "a"],
      /: Cannot use --signal "NOPE": no such signal; it must be one such as TERM, KILL or 15\n$/,
    ],
    [["stop", "--grace", "-1s", "a"], /-1s/],
    [["logs", "--tail", "x", "a"], /: Cannot use --tail "x": it must be a whole number from 0 on, such as "10"\n$/],
    [["wait"], /JOB/],
    [["remove"], /JOB/],
    [["certs", "server"], /HOST/],
    [["certs", "client"], /NAME/],
    [["--output", "yaml", "list"], /: Cannot use --output "yaml": it must be table or json\n$/],
    [
      ["certs", "init", "--days", "0"],
      /: Cannot use --days "0": it must be a whole number from 1 to 3650, such as "45"\n$/,
    ],
    [["certs", "client", "a", "--role", "x"], /: Cannot use --role "x": it must be admin or user\n$/],
  ];
  for (const [args, says] of usages) {
    await t.step(["teleworker", ...args].join(" "), async () => {
      const { code, stdout, stderr } = await teleworker(NOWHERE, args);
      deepEqual({ code, stdout }, { code: 2, stdout: "" });
      match(stderr, /^teleworker: [^a-z]/);
      match(stderr, says);
    });
  }
});

Deno.test("what a user typed is shown, and not obeyed by the terminal", async () => {
  const evil = "\x1b[31m\u202e\u009b\nteleworker: x";
  const shown = '"\\u001b[31m\\u202e\\u009b\\nteleworker: x"';
  const usages = [
    [evil],
    ["list", evil],
    ["start", "--memory", evil],
    ["start", "--write-bps", `a:${evil}`],
    [
      "--output",
      evil,
      "list",
    ],
    ["start", "-e", evil],
    ["certs", evil],
    ["help", evil],
  ];
  await Promise.all(usages.map(async (args) => {
    const { code, stderr } = await teleworker(NOWHERE, args);
    equal(code, 2);
    equal(stderr.replaceAll("a:", "").includes(shown), true, stderr);
    // deno-lint-ignore no-control-regex -- control characters are what must not come out
    equal(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(stderr), false, stderr);
    equal(stderr.match(/^teleworker/gm)?.length, 1, stderr);
  }));
});

Deno.test("help of a verb shows the flags that it uses", async () => {
  const help = async (...args: string[]) => (await teleworker(NOWHERE, [...args, "--help"])).stdout;
  match(await help(), /^Usage: teleworker VERB \.\.\.$/m);
  for (const args of [["certs"], ["certs", "init"], ["--certs", "x", "certs", "list"]]) {
    const text = await help(...args);
    match(text, /--certs DIR/);
    equal(/--host|--socket|--identity/.test(text), false, args.join(" "));
  }
  // A job may have that name.
  for (const args of [["status"], ["status", "certs"], ["--certs", "certs", "list"]]) {
    match(
      await help(...args),
      /--host HOST\[:PORT\][^]*--socket PATH[^]*--certs DIR[^]*--identity NAME/,
      args.join(" "),
    );
  }
});

Deno.test("the task client takes paths from the folder that it is called in", async () => {
  await using folder = await TemporaryFolder.create();
  const { INIT_CWD: _, ...env } = Deno.env.toObject();
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "--config", config, "client", "certs", "init", "--certs", "a folder"],
    cwd: folder.path,
    clearEnv: true,
    env,
    stdin: "null",
  }).output();
  equal(code, 0);
  equal((await Deno.stat(`${folder.path}/a folder/ca.pem`)).isFile, true);
});

Deno.test("output that nobody reads any more ends the client quietly", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "seq", args: ["200000"] });
  await alice.wait(id);
  for (const args of [["logs", id], ["logs", "-f", id]]) {
    await t.step(args.slice(0, -1).join(" "), async () => {
      const client = spawnTeleworker(daemon, args);
      const reader = client.stdout.getReader();
      await reader.read();
      await reader.cancel();
      const [{ code }, stderr] = await Promise.all([client.status, new Response(client.stderr).text()]);
      deepEqual({ code, stderr }, { code: 141, stderr: "" });
    });
  }
});

Deno.test("colour is for terminals only, and not with NO_COLOR", { ignore: !hasScript() }, async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sh", args: ["-c", "exit 3"] });
  await alice.wait(id);
  const red = "\x1b[31mexited 3\x1b[0m";

  await t.step("on a pipe there is none", async () => {
    for (const args of [["status", id], ["list", "--all"]]) {
      equal((await teleworker(daemon, args, { env: { NO_COLOR: "" } })).stdout.includes("\x1b"), false);
    }
  });

  await t.step("on a terminal there is", async () => {
    equal((await onTerminal(daemon, ["status", id], "")).includes(`state       ${red}\r\n`), true);
    equal((await onTerminal(daemon, ["list", "--all"], "")).includes(`  ${red}  `), true);
  });

  await t.step("with NO_COLOR there is none", async () => {
    const stdout = await onTerminal(daemon, ["status", id], "1");
    match(stdout, /state {7}exited 3\r\n/);
    equal(stdout.includes("\x1b"), false);
  });

  await t.step("and never in JSON", async () => {
    equal((await onTerminal(daemon, ["status", id, "--output", "json"], "")).includes("\x1b"), false);
  });
});

/** Whether there is script(1), which comes with util-linux. */
function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What the client writes on a terminal, which script(1) gives it. */
async function onTerminal(daemon: Daemon, args: readonly string[], noColor: string): Promise<string> {
  const client = [...programWords("teleworker"), ...args];
  const { code, stdout } = await new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", client.map((word) => `'${word}'`).join(" "), "/dev/null"],
    env: {
      TELEWORKER_HOST: daemon.address,
      TELEWORKER_CERTS: daemon.certs,
      TELEWORKER_IDENTITY: "alice",
      NO_COLOR: noColor,
      TERM: "xterm",
    },
    stdin: "null",
  }).output();
  equal(code, 0);
  return new TextDecoder().decode(stdout);
}
