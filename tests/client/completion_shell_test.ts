import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { aJob } from "../support/a_job.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { hasShell, InteractiveShell, type ShellName } from "./interactive_shell.ts";

/** What is typed, and what teleworker is called with, in every shell. */
const CASES: readonly (readonly [what: string, keys: string, args: readonly string[]])[] = [
  ["a verb", "teleworker rem\t", ["remove"]],
  ["a verb below another", "teleworker certs ini\t", ["certs", "init"]],
  ["a flag", "teleworker start --memory-\t64M", ["start", "--memory-high", "64M"]],
  ["a flag before the verb", "teleworker --ide\tx", ["--identity", "x"]],
  ["a value of a flag", "teleworker list --output j\t", ["list", "--output", "json"]],
  ["a value behind =", "teleworker list --output=j\t", ["list", "--output=json"]],
  ["a signal", "teleworker stop --signal SIGUSR1\t --kil\t", ["stop", "--signal", "SIGUSR1", "--kill"]],
  ["a job by name", "teleworker status back\t", ["status", "backup-of.monday"]],
  ["a second job", "teleworker remove backup-of.monday co\t", ["remove", "backup-of.monday", "counter"]],
  ["a job in quotes", `teleworker status "back\t`, ["status", "backup-of.monday"]],
  ["a job beside flags", "teleworker logs -f --tail 3 cou\t", ["logs", "-f", "--tail", "3", "counter"]],
  ["a client's name", "teleworker --identity al\tlist", ["--identity", "alice", "list"]],
  ["a verb that help is wanted on", "teleworker help certs cl\t", ["help", "certs", "client"]],
  ["a file", "teleworker certs show re\t", ["certs", "show", "request of mine.csr"]],
  ["a file behind =", "teleworker certs client me --csr=re\t", ["certs", "client", "me", "--csr=request of mine.csr"]],
];

const SHELLS = (["bash", "zsh", "fish"] as const).map((name) => {
  const ignore = !hasShell(name);
  return { name, ignore, skipped: ignore ? `: skipped, there is no ${name} or no script(1)` : "" };
});

for (const { name, ignore, skipped } of SHELLS) {
  Deno.test(`${name} on a terminal completes with TAB${skipped}`, { ignore }, async (t) => {
    await using daemon = await Daemon.start();
    using alice = await Https.as(daemon, "alice");
    await alice.start({ command: "sleep", args: ["600"], name: "backup-of.monday" });
    await alice.start({ command: "sleep", args: ["600"], name: "counter" });
    const nameless = await alice.start({ command: "sleep", args: ["600"] });
    await using shell = await startFor(name, daemon);
    await Deno.writeTextFile(join(shell.folder, "request of mine.csr"), "");
    await Deno.mkdir(join(shell.folder, "certs"));

    for (const [what, keys, args] of CASES) {
      await t.step(what, async () => deepEqual(await shell.call(keys), args));
    }

    await t.step("a job by its id", async () => {
      const { id } = nameless;
      deepEqual(await shell.call(`teleworker wait ${id.slice(0, 13)}\t`), ["wait", id]);
    });

    await t.step("a folder, and no file", async () => {
      await Deno.writeTextFile(join(shell.folder, "certs.txt"), "");
      equal((await shell.call("teleworker list --certs cer\t")).at(-1)?.replace(/\/$/, ""), "certs");
    });

    await t.step("jobs of the server that is on the command line", async () => {
      await using other = await Daemon.start();
      using root = await Https.as(other, "root");
      await root.start({ command: "sleep", args: ["600"], name: "elsewhere" });
      await Deno.symlink(other.certs, join(shell.folder, "certs of others"));
      const flags = ["--host", other.address, "--certs", join(shell.folder, "certs of others"), "--identity=root"];
      const typed = `teleworker --host ${other.address} --certs ~/'certs of others' --identity=root status else\t`;
      deepEqual(await shell.call(typed), [...flags, "status", "elsewhere"]);
    });

    await t.step("several verbs by showing them", async () => {
      // Readline shows them at the second TAB.
      await shell.shows(`teleworker st${name === "bash" ? "\t\t" : "\t"}`, ["start", "stats", "status", "stop"]);
    });
  });
}

/** What a server may send as the name of a job, if it means harm. */
const HOSTILE = [
  "$(touch executed)",
  "`touch executed`",
  "g;touch executed",
  "g good",
  "g'ood",
  'g"ood',
  "g\ngood2",
  "g\tood",
  "g\x1b]0;title\x07\x1b[35m",
  "g*",
  "../g",
  "--kill",
  "g\u202eood",
  "",
];

for (const { name, ignore, skipped } of SHELLS) {
  Deno.test(`${name} neither runs nor shows what a server sends as names${skipped}`, { ignore }, async (t) => {
    const jobs = HOSTILE.map((text) => aJob({ id: crypto.randomUUID(), name: text, command: text, args: HOSTILE }));
    jobs.push(aJob({ id: crypto.randomUUID(), name: "good", command: "true" }));
    await using folder = await TemporaryFolder.create();
    const path = join(folder.path, "socket");
    await using _server = Deno.serve(
      { path, onListen: () => {} },
      () => Response.json({ jobs, damaged: [], cursor: null }),
    );
    await using shell = await InteractiveShell.start(name, { TELEWORKER_SOCKET: path });

    await t.step("only what can be a name is completed", async () => {
      deepEqual(await shell.call("teleworker status g\t"), ["status", "good"]);
    });

    await t.step("the others are shown by their ids, and without what a terminal obeys", async () => {
      const keys = `teleworker status ${name === "bash" ? "\t\t" : "\t"}`;
      const shown = await shell.shows(keys, ["good", ...jobs.slice(0, -1).map(({ id }) => id)]);
      for (const obeyed of ["\x1b]0;title", "\x1b[35m", "\u202e"]) ok(!shown.includes(obeyed), shown);
    });

    await t.step("what a user typed is not run before Enter", async () => {
      await shell.shows('teleworker --host "$(touch executed)" status g\t!!', ["!!"]);
    });

    equal(await Deno.stat(join(shell.folder, "executed")).then(() => "executed", () => "not executed"), "not executed");
  });
}

async function startFor(name: ShellName, daemon: Daemon): Promise<InteractiveShell> {
  return await InteractiveShell.start(name, {
    TELEWORKER_HOST: daemon.address,
    TELEWORKER_CERTS: daemon.certs,
    TELEWORKER_IDENTITY: "alice",
  });
}
