import fc from "fast-check";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { parseElf } from "../../lib/worker/elf.ts";
import { failureReason } from "../../lib/worker/failure_reason.ts";

const SPEC = { command: "x", cwd: "/y" };
const TOKEN = crypto.randomUUID();

function reasonOf(failure: "cwd" | "program" | "exec", said: string | Uint8Array): string | null {
  const bytes = typeof said === "string" ? new TextEncoder().encode(said) : said;
  return failureReason(SPEC, failure, bytes.toHex());
}

Deno.test("failureReason: a shell's complaint → the words of errno(3)", () => {
  const cases = [
    ["/proc/self/fd/7: 25: cannot open /y/.: Permission denied", "permission denied"],
    ["exec.sh: line 25: /y/.: No such file or directory", "no such file"],
    ["exec.sh: 25: cannot open /y/.: No such file", "no such file"],
    ["sh: can't open /a: b\n: c/.: Transport endpoint is not connected", "transport endpoint is not connected"],
    ["exec.sh: 25: cannot open /y/.: Input/output error", "input/output error"],
    ["it is not a directory", "it is not a directory"],
  ] as const;
  for (const [said, why] of cases) {
    equal(reasonOf("cwd", `${said}\n`), `Cannot enter the working directory "/y": ${why}`, said);
  }
});

Deno.test("failureReason: complaints of bash about an execution → the words of errno(3)", () => {
  const exec = (complaint: string, code: number, head = "") =>
    reasonOf("exec", `${complaint}\n${code}\n${TOKEN}\n${head}\n\n${TOKEN}\n`);
  equal(
    exec("e: line 1: /x: Text file busy\ne: line 1: /x: Success", 126),
    'Cannot start "x": another process has it open for writing',
  );
  equal(
    exec("e: line 1: /x: cannot execute binary file: Exec format error\ne: line 1: /x: Success", 126),
    'Cannot start "x": the host cannot execute it: exec format error',
  );
  equal(
    exec("e: line 1: /x: cannot execute: required file not found", 127, "#!/nowhere\n"),
    'Cannot start "x": its interpreter "/nowhere" does not exist',
  );
});

Deno.test("failureReason: a file that is not executable → for whom, as far as that could be found out", () => {
  const reason = (...lines: string[]) => reasonOf("program", ["it is not executable", ...lines, ""].join("\n"));
  equal(reason(), 'Cannot start "x": it is not executable');
  equal(reason("-rw-r--r--", "rw,noexec /mnt"), 'Cannot start "x": it is not executable');
  equal(reason("-rwx------", "rw,relatime /"), 'Cannot start "x": permission denied');
  equal(reason("-rwx------", "rw,noexec  /a b"), 'Cannot start "x": the file system at "/a b" is mounted with noexec');
  const long = "x".repeat(16_000);
  const cut = `/${"x".repeat(255)}`;
  equal(
    reason("-rwx------", `noexec /${long}`),
    `Cannot start "x": the file system at "${cut}" is mounted with noexec`,
  );
  equal(reason("-rwx------", `noexec ${long}`), 'Cannot start "x": its file system is mounted with noexec');
  equal(reason("-rwx------"), 'Cannot start "x": permission denied');
  equal(reason("crw-rw-rw-", "rw /dev"), 'Cannot start "x": it is not executable');
});

Deno.test("failureReason: nothing, or what no launch says → null", () => {
  for (const failure of ["cwd", "program", "exec"] as const) {
    equal(reasonOf(failure, ""), null);
    equal(reasonOf(failure, "\n\n"), null);
    equal(reasonOf(failure, `: <script>alert("1")</script>\n`), null);
    equal(reasonOf(failure, `: ${"x".repeat(1000)}\n`), null);
  }
  // Of an older runner: its complaint, and the token alone.
  equal(reasonOf("exec", `e: 52: exec: /x: not found\n${TOKEN}\n`), null);
  equal(failureReason(SPEC, "limits", "41"), null);
  equal(failureReason(SPEC, null, "41"), null);
});

Deno.test("failureReason: any bytes → a sentence about the job, or null", () => {
  const head = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, ...bytes])),
    fc.string().map((text) => new TextEncoder().encode(`#!${text}`)),
  );
  const text = new TextEncoder();
  fc.assert(
    fc.property(fc.constantFrom("cwd" as const, "program" as const, "exec" as const), head, (failure, bytes) => {
      const framed = [...text.encode(`: A\n127\n${TOKEN}\n`), ...bytes, ...text.encode(`\n\n${TOKEN}\n`)];
      for (const said of [bytes, Uint8Array.from(framed)]) {
        const reason = reasonOf(failure, said);
        ok(reason === null || /^Cannot (start "x"|enter the working directory "\/y"): ./.test(reason), reason ?? "");
      }
    }),
  );
});

/** The head of a program in ELF, with a dynamic loader whose path begins at this offset. */
function makeElf(wide: boolean, little: boolean, loader: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(256);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2]);
  view.setUint16(18, 40, little);
  const number = (at: number, value: number) =>
    wide ? view.setBigUint64(at, BigInt(value), little) : view.setUint32(at, value, little);
  number(wide ? 32 : 28, 100);
  view.setUint16(wide ? 54 : 42, 60, little);
  view.setUint16(wide ? 56 : 44, 2, little);
  view.setUint32(100, 1, little);
  view.setUint32(160, 3, little);
  number(160 + (wide ? 8 : 4), loader);
  number(160 + (wide ? 32 : 16), 8);
  if (loader < 248) bytes.set(new TextEncoder().encode("/ld.so\0\0"), loader);
  return bytes;
}

Deno.test("parseElf: 32 and 64 bits, little and big endian → architecture and loader", () => {
  for (const wide of [false, true]) {
    for (const little of [false, true]) {
      deepEqual(parseElf(makeElf(wide, little, 230)), { architecture: "arm", loader: "/ld.so" });
      // Further back than what was read, such as patchelf(1) puts it.
      deepEqual(parseElf(makeElf(wide, little, 4096)), { architecture: "arm", loader: null });
      equal(parseElf(makeElf(wide, little, 230).subarray(0, 120)), null);
    }
  }
  equal(parseElf(new TextEncoder().encode("#!/bin/sh\n")), null);
  equal(parseElf(new Uint8Array()), null);
});
