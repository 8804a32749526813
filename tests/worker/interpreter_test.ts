import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { command } from "../faults/support/command.ts";
import { parseElf } from "../../lib/worker/elf.ts";
import { TestWorker, type Wish } from "./worker.ts";

const isRoot = Deno.uid() === 0;
const OTHER = Deno.build.arch === "x86_64" ? { machine: 183, name: "aarch64" } : { machine: 62, name: "x86_64" };

/** Makes an executable file in a test's folder. */
function makeFile(test: TestWorker, content: string | Uint8Array, mode = 0o755): string {
  const path = join(test.folder, crypto.randomUUID());
  Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  Deno.chmodSync(path, mode);
  return path;
}

/** Runs what the host cannot execute, and gives the reason, less its beginning. */
async function reasonOf(test: TestWorker, program: string, wish: Wish = {}): Promise<string> {
  const { id, state, reason } = await test.run([program, "argument"], wish);
  deepEqual([state, await test.text(id, "stdout"), await test.text(id, "stderr")], ["failed", "", ""]);
  const start = `Cannot start "${program}": `;
  equal(reason?.slice(0, start.length), start);
  return reason?.slice(start.length) ?? "";
}

/** A program of this host with some bytes changed. */
function changedProgram(change: (bytes: Uint8Array<ArrayBuffer>) => void): Uint8Array {
  const bytes = Deno.readFileSync("/bin/true");
  change(bytes);
  return bytes;
}

/** The same with another path in the place of its dynamic loader's. */
function withLoader(path: string): Uint8Array {
  return changedProgram((bytes) => {
    const loader = parseElf(bytes)?.loader ?? "";
    const at = new TextDecoder("latin1").decode(bytes).indexOf(loader);
    ok(loader.length > path.length && at > 0, loader);
    bytes.set(new TextEncoder().encode(path.padEnd(loader.length, "\0")), at);
  });
}

const missing = (interpreter: string) => `its interpreter "${interpreter}" does not exist`;

Deno.test("A script: line ends of Windows → the reason says so", async () => {
  await using test = await TestWorker.open();
  const why = ": the file has the line ends of Windows (CR LF), and needs those of Unix (LF)";
  equal(await reasonOf(test, makeFile(test, "#!/bin/sh\r\necho hi\r\n")), missing("/bin/sh\\r") + why);
  equal(
    await reasonOf(test, makeFile(test, "#! /bin/sh\r\n", 0o755), { limits: { pids: 10 } }),
    missing("/bin/sh\\r") + why,
  );
});

Deno.test("A program that cannot be executed: start → tells so at once", async () => {
  await using test = await TestWorker.open();
  const program = makeFile(test, "#!/opt/no-such-python\n");
  for (const _ of Array(20)) {
    const { id, state } = await test.start([program]);
    equal(state, "failed");
    equal(await test.text(id, "stderr"), "");
  }
});

Deno.test("A script: its interpreter is missing → the reason names it", async () => {
  await using test = await TestWorker.open();
  equal(await reasonOf(test, makeFile(test, "#!/opt/no-such-python\n")), missing("/opt/no-such-python"));
  equal(await reasonOf(test, makeFile(test, "#! \t/opt/no such -x\n")), missing("/opt/no"));
  equal(await reasonOf(test, makeFile(test, "#!/opt/no-line-end")), missing("/opt/no-line-end"));
  equal(await reasonOf(test, makeFile(test, "#!nö\x1b[2J\n")), missing("nö\x1b[2J"));
});

Deno.test("A script: its interpreter cannot be executed → the reason says why", async () => {
  await using test = await TestWorker.open();
  for (const interpreter of ["/etc/passwd", "/etc"]) {
    equal(
      await reasonOf(test, makeFile(test, `#!${interpreter}\n`)),
      `its interpreter "${interpreter}" is not executable`,
    );
  }
  const broken = makeFile(test, "#!/opt/no-such-python\n");
  equal(
    await reasonOf(test, makeFile(test, `#!${broken}\n`)),
    `its interpreter "${broken}" cannot be executed: something that it needs itself does not exist`,
  );
});

Deno.test("A binary: for another architecture → the reason names it", async () => {
  await using test = await TestWorker.open();
  const foreign = changedProgram((bytes) => bytes[18] = OTHER.machine);
  const reason = `it is made for another architecture (${OTHER.name})`;
  equal(await reasonOf(test, makeFile(test, foreign)), reason);
  // For the execution itself there must be a process; to find out why it failed there is none then.
  equal(
    await reasonOf(test, makeFile(test, foreign), { limits: { pids: 1 } }),
    "the host cannot execute it: exec format error",
  );
});

Deno.test("A binary: without its dynamic loader → the reason names it", async () => {
  await using test = await TestWorker.open();
  const why = "it is made for another system, such as one with another C library";
  equal(
    await reasonOf(test, makeFile(test, withLoader("/lib/no-musl"))),
    `its dynamic loader "/lib/no-musl" does not exist: ${why}`,
  );
  equal(
    await reasonOf(test, makeFile(test, withLoader("/etc/passwd"))),
    `its dynamic loader "/etc/passwd" is not executable`,
  );
});

Deno.test("A binary: cut off → the host cannot execute it", async () => {
  await using test = await TestWorker.open();
  equal(
    await reasonOf(test, makeFile(test, Deno.readFileSync("/bin/true").subarray(0, 100))),
    "the host cannot execute it: exec format error",
  );
});

Deno.test("A program: open for writing → the reason says so", async () => {
  await using test = await TestWorker.open();
  const program = makeFile(test, Deno.readFileSync("/bin/true"));
  using _file = await Deno.open(program, { append: true });
  equal(await reasonOf(test, program), "another process has it open for writing");
});

Deno.test({
  name: "A script: its user may not read it → the interpreter is still found to be missing (needs root)",
  ignore: !isRoot,
  async fn() {
    await using test = await TestWorker.open();
    await Deno.chmod(test.folder, 0o755);
    const program = makeFile(test, withLoader("/lib/no-musl"), 0o711);
    equal(await reasonOf(test, program, { user: "nobody" }), "it, or the interpreter that it names, is not there");
  },
});

Deno.test({
  name: "A program: on a file system with noexec → the reason names that (needs root)",
  ignore: !isRoot,
  async fn() {
    await using test = await TestWorker.open();
    const target = join(test.folder, "a disk");
    await Deno.mkdir(target);
    await command("mount", "-t", "tmpfs", "-o", "noexec,size=1m", "tmpfs", target);
    try {
      const program = join(target, "tool");
      await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o755 });
      equal(await reasonOf(test, program), `the file system at "${target}" is mounted with noexec`);
    } finally {
      await command("umount", target);
    }
  },
});
