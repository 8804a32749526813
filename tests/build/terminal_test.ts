import { join } from "node:path";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { makeCertificates } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { hasScript, onTerminal } from "../support/on_terminal.ts";
import { until } from "../support/until.ts";
import { build } from "./build.ts";

/** A command's words, and what it prints on a terminal as on a pipe. */
interface Printed {
  readonly code: number;
  readonly text: string;
}

/** Runs a program on pipes; its stdout, and then its stderr. */
async function onPipes([program = "", ...args]: readonly string[], env: Readonly<Record<string, string>>) {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, env: { ...env }, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

function split(lines: readonly string[], isFirst: (line: string) => boolean): [string[], string[]] {
  return [lines.filter(isFirst), lines.filter((line) => !isFirst(line))];
}

/** Help is as wide as the terminal; otherwise lines are the same. */
function withoutWidth({ code, text }: Printed): Printed {
  return { code, text: text.replaceAll(/\s+/g, "") };
}

Deno.test("self-contained programs on a terminal → their own output alone", { ignore: !hasScript() }, async (t) => {
  await using folder = await TemporaryFolder.create();
  const path = (name: string) => join(folder.path, name);
  const { teleworker, teleworkerd } = await build(folder.path, "--kind", "self-contained");
  const env = { XDG_CACHE_HOME: path("cache"), HOME: folder.path, NO_COLOR: "1" };
  await makeCertificates(path("certs"));
  const commands: readonly (readonly [words: readonly string[], code: number])[] = [
    [[teleworkerd, "--version"], 0],
    [[teleworkerd, "--help"], 0],
    [[teleworkerd, "--licenses"], 0],
    [[teleworkerd, "check", "--help"], 0],
    [[teleworkerd, "install", "--dry-run", "--root", path("root")], 0],
    [[teleworkerd, "uninstall", "--dry-run", "--root", path("root")], 0],
    [[teleworkerd, "request", "localhost", "--certs", path("requested"), "--force"], 0],
    [[teleworkerd, "--certs", path("none"), "--state-dir", path("unused")], 1],
    [[teleworkerd, "--nonsense"], 2],
    [[teleworker, "--version"], 0],
    [[teleworker, "--help"], 0],
    [[teleworker, "help", "run"], 0],
    [[teleworker, "--licenses"], 0],
    [[teleworker, "completion", "bash"], 0],
    [[teleworker, "certs", "show", path("certs/ca.pem")], 0],
    [[teleworker, "certs", "list", "--certs", path("certs")], 0],
    [[teleworker, "certs", "client", "../x", "--certs", path("certs")], 2],
    [[teleworker, "run", "--certs", path("none"), "--", "true"], 125],
    [[teleworker, "nonsense"], 2],
  ];
  await Deno.mkdir(path("root"));

  for (const [words, code] of commands) {
    await t.step(words.map((word) => word.replace(`${folder.path}/`, "")).join(" "), async () => {
      const printed = await onPipes(words, env);
      equal(printed.code, code, printed.text);
      ok(printed.text.length > 0 && !/cache file|\/dev\/null\//.test(printed.text), printed.text);
      const shown = await onTerminal(words, env);
      deepEqual(withoutWidth({ code: shown.code, text: shown.text }), withoutWidth(printed));
    });
  }

  await t.step("teleworkerd with a job, under their own names", async () => {
    const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
    const socket = path("socket");
    const local = (...args: string[]) => [teleworker, "--socket", socket, ...args];
    const words = [
      ...["sh", "-c", `echo $$ >'${path("pid")}'; exec "$@"`, "sh", teleworkerd, "--listen", "127.0.0.1:0"],
      ...["--certs", path("certs"), "--state-dir", path("state"), "--socket", socket, "--cgroup-root", cgroupRoot],
    ];
    const daemon = onTerminal(words, env);
    try {
      await until("the daemon listens", () => Deno.stat(socket).then(() => true, () => false));
      const pid = Number(await Deno.readTextFile(path("pid")));
      equal(await Deno.readTextFile(`/proc/${pid}/comm`), "teleworkerd\n");
      match(await Deno.readLink(`/proc/${pid}/exe`), /\/runtime-[0-9a-f]{64}$/);
      deepEqual(
        await onTerminal(local("run", "--", "sh", "-c", "echo out; exit 3"), env).then((
          { code, text },
        ) => [code, text]),
        [3, "out\n"],
      );
      equal((await onPipes(local("start", "--name", "sleeps", "--", "sleep", "1000"), env)).code, 0);
      await namesItself(local("wait", "sleeps"), env);
      equal((await onPipes(local("stop", "--kill", "sleeps"), env)).code, 0);
    } finally {
      Deno.kill(Number(await Deno.readTextFile(path("pid"))), "SIGTERM");
      const { code, text } = await daemon;
      const [records, lines] = split(text.trimEnd().split("\n"), (line) => line.startsWith("{"));
      // The log, and the audit log.
      for (const record of records) ok("@timestamp" in JSON.parse(record) || "event" in JSON.parse(record), record);
      deepEqual([code, lines.map((line) => line.replace(/:\d+$/, ":PORT"))], [
        0,
        ["teleworkerd listening on https://127.0.0.1:PORT"],
      ]);
      await removeCgroups(cgroupRoot);
    }
  });
});

/** Checks the name of a client's process while it waits, and kills it. */
async function namesItself([program = "", ...args]: readonly string[], env: Readonly<Record<string, string>>) {
  const client = new Deno.Command(program, { args, env: { ...env }, stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
  try {
    const link = `/proc/${client.pid}/exe`;
    await until("the runtime runs", async () => /\/runtime-/.test(await Deno.readLink(link).catch(() => "")));
    equal(await Deno.readTextFile(`/proc/${client.pid}/comm`), "teleworker\n");
  } finally {
    client.kill("SIGKILL");
    await client.status;
  }
}
