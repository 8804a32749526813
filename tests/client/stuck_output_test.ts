import { join } from "node:path";
import { equal } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { mkfifo } from "../support/mkfifo.ts";
import { hasScript } from "../support/on_terminal.ts";
import { programEnvironment, programWords } from "../support/programs.ts";
import { until } from "../support/until.ts";
import { LiveClient } from "./live_client.ts";

/** Fills a FIFO, which nobody else reads, and has the client write to it. */
const INTO_FULL_PIPE = 'exec 9<>"$0"; head -c 65536 /dev/zero >&9; exec "$@" ';

/** The state of the job of this name; nothing before it is there. */
async function stateOf(alice: Https, name: string): Promise<string | undefined> {
  const { jobs: [job] } = await (await alice.send("GET", `/v1/jobs?name=${name}`)).json();
  return job?.state;
}

for (const [name, redirection] of [["stderr", "2>&9"], ["both", ">&9 2>&9"]] as const) {
  Deno.test(`run on Ctrl-C: full pipe for ${name} → stops the job, and can be left`, async () => {
    await using daemon = await Daemon.start();
    using alice = await Https.as(daemon, "alice");
    const fifo = join(daemon.folder.path, "fifo");
    await mkfifo(fifo);
    const program = ["sh", "-c", INTO_FULL_PIPE + redirection, fifo, ...programWords("teleworker")] as const;
    await using client = new LiveClient(daemon, ["run", "--name", name, "--", "sh", "-c", "echo ready; sleep 1000"], {
      program,
    });
    await until("the job runs", async () => await stateOf(alice, name) === "running");
    await daemon.logged(/"route":"output"/);
    client.signal("SIGINT");
    await until("the job is stopped", async () => await stateOf(alice, name) === "stopped");
    client.signal("SIGINT");
    client.signal("SIGTERM");
    equal((await client.ended).code, 130);
  });
}

/** Bytes that a process has written (proc_pid_io(5)), and the letter of its state (proc_pid_stat(5)). */
async function lookAt(pid: number): Promise<{ written: number; state: string }> {
  const [io, stat] = await Promise.all(
    ["io", "stat"].map((name) => Deno.readTextFile(`/proc/${pid}/${name}`).catch(() => "")),
  );
  return { written: Number(/^wchar: (\d+)$/m.exec(io ?? "")?.[1] ?? 0), state: /\) (\w)/.exec(stat ?? "")?.[1] ?? "X" };
}

Deno.test("run on Ctrl-C: terminal takes no more → stops the job, and can be left", {
  ignore: !hasScript(),
}, async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const pidFile = join(daemon.folder.path, "pid");
  const job = ["--name", "loud", "--", "sh", "-c", "yes | head -c 3000000; exec sleep 1000"];
  const words = [...programWords("teleworker"), "run", ...job].map((word) => `'${word}'`).join(" ");
  const terminal = new Deno.Command("script", {
    // Its stdout is a terminal alone: where stderr is the same, both are written by another way.
    args: ["-q", "-e", "-c", `echo $$ >'${pidFile}'; exec ${words} 2>/dev/null </dev/null`, "/dev/null"],
    ...programEnvironment({
      TELEWORKER_HOST: daemon.address,
      TELEWORKER_CERTS: daemon.certs,
      TELEWORKER_IDENTITY: "alice",
      TERM: "xterm",
      SHELL: "/bin/sh",
    }),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    await until("the client runs", async () => await Deno.readTextFile(pidFile).catch(() => "") !== "");
    const pid = Number(await Deno.readTextFile(pidFile));
    await until("the job runs", async () => await stateOf(alice, "loud") === "running");
    let [written, times] = [0, 0];
    await until("the terminal takes no more", async () => {
      const now = (await lookAt(pid)).written;
      times = now > 10_000 && now === written ? times + 1 : 0;
      written = now;
      return times > 20;
    });
    Deno.kill(pid, "SIGINT");
    await until("the job is stopped", async () => await stateOf(alice, "loud") === "stopped");
    Deno.kill(pid, "SIGINT");
    Deno.kill(pid, "SIGTERM");
    await until("the client has ended", async () => "ZX".includes((await lookAt(pid)).state));
  } finally {
    try {
      terminal.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await terminal.stdout.cancel();
    await terminal.status;
  }
});
