import { once } from "node:events";
import { constants } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { deepEqual, doesNotMatch, equal, match, rejects } from "../support/assert.ts";
import { attempting, codeOf, describeError, reasonOf } from "../../lib/base/system_error.ts";

/** What a call throws. */
async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail");
}

Deno.test("describeError: what Deno and node:fs throw → says what failed, and why", async () => {
  const there = Deno.execPath();
  const calls: [call: () => unknown, sentence: string][] = [
    [() => Deno.mkdirSync(there), `Cannot make "${there}": it is not a directory`],
    [() => Deno.mkdirSync(`${there}/x`), `Cannot make "${there}/x": not a directory`],
    [() => Deno.readTextFile("/no/such"), 'Cannot read "/no/such": no such file or directory'],
    [() => Deno.readTextFile("/"), 'Cannot read "/": it is a directory'],
    [() => Deno.open("/no 'such'"), `Cannot open "/no 'such'": no such file or directory`],
    [() => Deno.rename("/no/such", "/no/other"), 'Cannot rename "/no/such": no such file or directory'],
    [() => Deno.remove("/no/such"), 'Cannot remove "/no/such": no such file or directory'],
    [() => access("/no/such", constants.W_OK), 'Cannot use "/no/such": no such file or directory'],
    [() => mkdir(`${there}/x`), `Cannot make "${there}/x": not a directory`],
    [() => Deno.openSync(`/${"x".repeat(300)}`), `Cannot open "/${"x".repeat(300)}": name too long`],
  ];
  for (const [call, sentence] of calls) equal(describeError(await thrown(call)), sentence);
});

Deno.test("describeError: a system error within a sentence → only the reason is put in words", () => {
  const text = `Cannot read "/x": Permission denied (os error 13): open '/x'`;
  equal(describeError(new Error(text)), 'Cannot read "/x": permission denied');
  equal(describeError(new Error("No locks available (os error 37)")), "The system refused: no locks available");
});

Deno.test("describeError: any other error → its message", () => {
  for (const text of ["", "There is no job", 'Cannot use "E: x, y": no', "a: b: c"]) {
    equal(describeError(new Error(text)), text);
    equal(describeError(text), text);
  }
});

Deno.test("reasonOf: error of node:net → words without the address", async () => {
  const server = createServer();
  const failed = once(server, "error");
  server.listen(`${Deno.execPath()}/socket`);
  const [error] = await failed;
  deepEqual([codeOf(error), reasonOf(error)], ["ENOTDIR", "not a directory"]);
  match(String(error), /listen ENOTDIR/);
  doesNotMatch(describeError(error), /ENOTDIR|listen E/);
});

Deno.test("attempting: system error without a path → says what failed, and why", async () => {
  const there = Deno.execPath();
  const read = () => Promise.reject(Object.assign(new Error("Not a directory (os error 20)"), { code: "ENOTDIR" }));
  await rejects(attempting("read", `${there}/x`, read), { message: `Cannot read "${there}/x": not a directory` });
  await rejects(attempting("read", "/no/such", () => Deno.readTextFile("/no/such")), Deno.errors.NotFound);
  await rejects(attempting("read", "/x", () => Promise.reject(new Error("Mine"))), { message: "Mine" });
  equal(await attempting("read", "/x", () => Promise.resolve(1)), 1);
});
