import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { TestWorker, type Wish } from "./worker.ts";

/** Runs what cannot be started, and gives the reason. */
async function reasonOf(test: TestWorker, words: readonly string[], wish: Wish = {}): Promise<string> {
  const { id } = await test.start(words, wish);
  const job = await test.worker.wait(id);
  const { state, exitCode, signal, pid, startedAt, durationSeconds } = job;
  deepEqual({ state, exitCode, signal, pid, startedAt, durationSeconds }, {
    state: "failed",
    exitCode: null,
    signal: null,
    pid: null,
    startedAt: null,
    durationSeconds: null,
  });
  // The shell's complaints are not the program's output.
  deepEqual([await test.text(id, "stdout"), await test.text(id, "stderr")], ["", ""]);
  return job.reason ?? "";
}

Deno.test("a program that is not there makes a failed job", async () => {
  await using test = await TestWorker.open();
  equal(
    await reasonOf(test, ["no-such-program"]),
    'Cannot start "no-such-program": no such program in PATH',
  );
  equal(await reasonOf(test, ["/no/such"]), 'Cannot start "/no/such": no such file');
  equal(await reasonOf(test, ["/etc/passwd/x"]), 'Cannot start "/etc/passwd/x": no such file');
  equal(await reasonOf(test, ["./no-such"], { cwd: "/tmp" }), 'Cannot start "./no-such": no such file');
  match(await reasonOf(test, ["sh"], { env: { PATH: "/nowhere" } }), /no such program in PATH/);
  match(await reasonOf(test, [""]), /^Cannot start ""/);
});

Deno.test("a program that cannot be executed makes a failed job", async () => {
  await using test = await TestWorker.open();
  const file = (name: string, mode: number, text: string) => {
    const path = join(test.folder, name);
    Deno.writeTextFileSync(path, text);
    Deno.chmodSync(path, mode);
    return path;
  };
  match(await reasonOf(test, [file("data", 0o644, "data")]), /it is not executable$/);
  match(await reasonOf(test, ["data"], { env: { PATH: `${test.folder}:/nowhere` } }), /it is not executable$/);
  match(await reasonOf(test, ["/etc"]), /it is a directory$/);
  match(await reasonOf(test, ["etc"], { env: { PATH: "/:/nowhere" } }), /it is a directory$/);
  match(await reasonOf(test, ["../etc/"]), /it is a directory$/);
  match(await reasonOf(test, ["/bin/true/"]), /no such file$/);
  match(await reasonOf(test, ["/dev/null"]), /it is not executable$/);
  match(
    await reasonOf(test, [file("binary", 0o755, "\x7fELF\0\0\0\0")]),
    /the host cannot execute it: exec format error$/,
  );
  Deno.symlinkSync("loop", join(test.folder, "loop"));
  match(await reasonOf(test, [join(test.folder, "loop")]), /^Cannot start .*: too many levels of symbolic links$/);
  match(await reasonOf(test, [`./${"x".repeat(300)}`]), /: file name too long$/);
});

Deno.test("a job that could not be started keeps its reason for the next worker", async () => {
  await using test = await TestWorker.open();
  const reason = await reasonOf(test, ["no-such-program"]);
  await test.close();
  await test.open();
  deepEqual((await test.worker.list({ limit: 1 })).jobs.map((job) => job.reason), [reason]);
});

Deno.test("a working directory that cannot be entered makes a failed job", async () => {
  await using test = await TestWorker.open();
  equal(
    await reasonOf(test, ["true"], { cwd: "/no/such" }),
    'Cannot enter the working directory "/no/such": no such file',
  );
  match(await reasonOf(test, ["true"], { cwd: "/etc/passwd" }), /it is not a directory$/);
  match(await reasonOf(test, ["true"], { cwd: "-" }), /^Cannot enter the working directory "-"/);
});

Deno.test("arguments beyond what the kernel takes make a failed job", async () => {
  await using test = await TestWorker.open();
  // Of one word, MAX_ARG_STRLEN of execve(2): 32 pages.
  match(await reasonOf(test, ["echo", "x".repeat(200_000)]), /arguments are too long for this host$/);
  // Of all together, a quarter of the stack's limit, at most 6 MiB.
  match(
    await reasonOf(test, ["echo", ...Array(80).fill("x".repeat(100_000))]),
    /arguments are too long for this host$/,
  );
});

Deno.test("a program is found in the job's own PATH, by a relative path from its folder, and through links", async () => {
  await using test = await TestWorker.open();
  const program = join(test.folder, "-program with blanks");
  Deno.writeTextFileSync(program, '#!/bin/sh\necho "$0"\n');
  Deno.chmodSync(program, 0o755);
  const name = "-program with blanks";
  equal(await test.print([name], { env: { PATH: `/nowhere:${test.folder}:/usr/bin:/bin` } }), `${program}\n`);
  equal(await test.print([`./${name}`], { cwd: test.folder }), `${program}\n`);
  Deno.symlinkSync(program, join(test.folder, "link"));
  equal(await test.print([join(test.folder, "link")]), `${test.folder}/link\n`);
});

Deno.test("a program without an interpreter line is a shell's script, as for execvp(3)", async () => {
  await using test = await TestWorker.open();
  const program = join(test.folder, "program");
  Deno.writeTextFileSync(program, 'echo "$1"\n');
  Deno.chmodSync(program, 0o755);
  equal(await test.print([program, "$(id)"]), "$(id)\n");
});
