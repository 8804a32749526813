import { createHash } from "node:crypto";
import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { onTerminal } from "../support/on_terminal.ts";
import { programEnvironment, programWords } from "../support/programs.ts";
import { until } from "../support/until.ts";

const SET_NONBLOCKING = new URL("../support/nonblocking.pl", import.meta.url).pathname;
/** More than pipes and terminals hold. */
const BYTES = 3_000_000;

/** The words that run a program whose stdout and stderr are not to block. */
function nonblocking(name: "teleworker" | "teleworkerd", args: readonly string[]): [string, ...string[]] {
  return ["perl", SET_NONBLOCKING, ...programWords(name), ...args];
}

/** Runs a program, and reads what it writes only once it has filled the pipe, or ended. */
async function runUnread(words: readonly [string, ...string[]], env: Readonly<Record<string, string>> = {}) {
  const [program, ...args] = words;
  const child = new Deno.Command(program, {
    args,
    ...programEnvironment({ NO_COLOR: "1", ...env }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let ended = false;
  child.status.then(() => ended = true);
  // Its 4096 bytes have no room for a second piece, of which each has whole lines.
  await until("the pipe is full", async () => ended || await writtenBy(child.pid) > 2048);
  const { code, stdout, stderr } = await child.output();
  return { code, stdout, stderr };
}

/** Bytes that a process has written, wherever, or its calls of write(2) (proc_pid_io(5)). */
async function writtenBy(pid: number, counter: "wchar" | "syscw" = "wchar"): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/io`).catch(() => "");
  return Number(new RegExp(`^${counter}: (\\d+)$`, "m").exec(text)?.[1] ?? 0);
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

Deno.test("stdout and stderr that are not to block: 3 MB of a job → every byte", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const file = join(daemon.folder.path, "bytes");
  const bytes = new TextEncoder().encode("0123456789abcdef\n".repeat(BYTES / 17)).map((byte, index) =>
    byte === 10 ? byte : byte ^ (index >> 8 & 1)
  );
  await Deno.writeFile(file, bytes);
  const hash = hashOf(bytes);
  const program = ["sh", "-c", 'cat "$0"; cat "$0" >&2; exit 7', file];
  const { id } = await alice.start({ command: "sh", args: program.slice(1) });
  await alice.wait(id);
  const env = {
    TELEWORKER_HOST: daemon.address,
    TELEWORKER_CERTS: daemon.certs,
    TELEWORKER_IDENTITY: "alice",
  };

  for (const args of [["run", "--", ...program], ["logs", "-f", id]]) {
    await t.step(`${args[0]} on pipes`, async () => {
      const { code, stdout, stderr } = await runUnread(nonblocking("teleworker", args), env);
      deepEqual([code, hashOf(stdout), hashOf(stderr)], [7, hash, hash]);
    });
    await t.step(`${args[0]} on a terminal`, async () => {
      const only = args[0] === "logs"
        ? ["logs", "-f", "--stdout", id]
        : ["run", "--", "sh", "-c", 'cat "$0"; exit 7', file];
      const { code, bytes } = await onTerminal(nonblocking("teleworker", only), env);
      deepEqual([code, hashOf(bytes)], [7, hash]);
    });
    await t.step(`${args[0]} on a terminal for stdout alone`, async () => {
      const words = ["sh", "-c", 'exec "$@" 2>/dev/null', "sh", ...nonblocking("teleworker", args)];
      const { code, bytes } = await onTerminal(words, env);
      deepEqual([code, hashOf(bytes)], [7, hash]);
    });
  }
});

Deno.test("stdout that blocks: 3 MB of a job → not in small pieces", async () => {
  await using daemon = await Daemon.start();
  const program = `yes 0123456789abcdef | head -c ${BYTES}; exec sleep 100`;
  const [client = "", ...words] = programWords("teleworker");
  const running = new Deno.Command(client, {
    args: [...words, "run", "--", "sh", "-c", program],
    ...programEnvironment({
      TELEWORKER_HOST: daemon.address,
      TELEWORKER_CERTS: daemon.certs,
      TELEWORKER_IDENTITY: "alice",
    }),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    let left = BYTES;
    for await (const chunk of running.stdout) {
      left -= chunk.length;
      if (left === 0) break;
    }
    equal(left, 0);
    const calls = await writtenBy(running.pid, "syscw");
    // One for each 4096 bytes would be 732; those of the connection count as well.
    ok(calls > 0 && calls < 500, `${calls} calls`);
  } finally {
    running.kill("SIGKILL");
    await running.status;
  }
});

Deno.test("stdout that is not to block: what is only printed → every byte", async () => {
  for (const name of ["teleworker", "teleworkerd"] as const) {
    for (const flag of ["--licenses", "--help"]) {
      const [program, ...words] = programWords(name);
      const blocking = new Deno.Command(program, { args: [...words, flag], ...programEnvironment({ NO_COLOR: "1" }) });
      const { stdout: whole } = await blocking.output();
      const { code, stdout, stderr } = await runUnread(nonblocking(name, [flag]));
      deepEqual([code, hashOf(stdout), stderr.length], [0, hashOf(whole), 0], `${name} ${flag}`);
    }
  }
});

Deno.test("output that cannot be written: any that only prints → a failure in words", async (t) => {
  for (const name of ["teleworker", "teleworkerd"] as const) {
    for (const flag of ["--help", "--version", "--licenses"]) {
      await t.step(`${name} ${flag}`, async () => {
        const { code, stderr } = await new Deno.Command("sh", {
          args: ["-c", 'exec "$@" >/dev/full', "sh", ...programWords(name), flag],
          ...programEnvironment({ NO_COLOR: "1" }),
          stdin: "null",
        }).output();
        const text = `${name}: Cannot write the output: no space left on device\n`;
        deepEqual([code, new TextDecoder().decode(stderr)], [1, text]);
        const closed = new Deno.Command(programWords(name)[0], {
          args: [...programWords(name).slice(1), flag],
          ...programEnvironment({ NO_COLOR: "1" }),
          stdin: "null",
          stdout: "piped",
          stderr: "piped",
        }).spawn();
        await closed.stdout.cancel();
        deepEqual([(await closed.status).code, await new Response(closed.stderr).text()], [141, ""]);
      });
    }
  }
});
