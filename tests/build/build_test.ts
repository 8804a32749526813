import { Buffer } from "node:buffer";
import { join } from "node:path";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { runBuild } from "./build.ts";

Deno.test("two builds of the same sources are equal byte for byte, and nothing else is left", async (t) => {
  await t.step("self-contained", () => buildTwice("self-contained", {}));
  await t.step("compiled, with a base from elsewhere", () => buildTwice("compiled", { DENORT_BIN: Deno.execPath() }));
});

async function buildTwice(kind: string, env: Readonly<Record<string, string>>): Promise<void> {
  await using folder = await TemporaryFolder.create();
  const [first, second] = [join(folder.path, "first"), join(folder.path, "second")];
  for (const path of [first, second]) equal((await runBuild(["--out-dir", path, "--kind", kind], env)).code, 0);
  for (const name of ["teleworker", "teleworkerd"]) {
    const [one, two] = [await Deno.readFile(join(first, name)), await Deno.readFile(join(second, name))];
    ok(Buffer.from(one).equals(two), name);
    equal(((await Deno.stat(join(first, name))).mode ?? 0) & 0o777, 0o755);
  }
  deepEqual(Array.from(Deno.readDirSync(first), ({ name }) => name).sort(), ["teleworker", "teleworkerd"]);
}

Deno.test("a build takes the base of deno compile from DENORT_BIN, and embeds program and permissions behind it", async () => {
  await using folder = await TemporaryFolder.create();
  // Any executable is taken as it is. The real base cannot be had everywhere; this one, Deno itself, does not look for what is behind it.
  const { code, stdout, stderr } = await runBuild(["--out-dir", folder.path], { DENORT_BIN: Deno.execPath() });
  equal(code, 0, stderr);
  match(stdout, /teleworkerd: compiled, /);
  const base = await Deno.readFile(Deno.execPath());
  const made = Buffer.from(await Deno.readFile(join(folder.path, "teleworkerd")));
  ok(made.length > base.length);
  const embedded = made.subarray(base.length - 4096);
  ok(/"?kind"?:"compiled"/.test(embedded.toString("latin1")));
  ok(embedded.includes("exec setsid") || embedded.includes("mkfifo"), "the runner's scripts are embedded");
  ok(embedded.includes('"code_cache_key":null'), "nothing is read from a file in /tmp that anyone may have put there");
  ok(embedded.includes('"prompt":false'), "what is not allowed is refused, on a terminal too");
});

Deno.test("a build that cannot be made says why, in one line, and leaves what was there", async (t) => {
  await using folder = await TemporaryFolder.create();
  await Deno.writeTextFile(join(folder.path, "teleworker"), "of before");
  const cases:
    readonly (readonly [what: string, args: string[], env: Record<string, string>, code: number, says: RegExp])[] = [
      [
        "a base that is not there",
        [],
        { DENORT_BIN: "/nowhere/denort" },
        1,
        /^build: Cannot use DENORT_BIN "\/nowhere\/denort"/,
      ],
      [
        "a date that is none",
        ["--kind", "self-contained"],
        { SOURCE_DATE_EPOCH: "yesterday" },
        1,
        /^build: Cannot tell the date of the sources: SOURCE_DATE_EPOCH is "yesterday"$/m,
      ],
      ["an unknown target", ["--target", "vax"], {}, 2, /^build: .*x86_64-unknown-linux-gnu/],
      ["an unknown flag", ["--fast"], {}, 2, /^build: .*--fast/],
    ];
  for (const [what, args, env, expected, says] of cases) {
    await t.step(what, async () => {
      const { code, stdout, stderr } = await runBuild([...args, "--out-dir", folder.path], env);
      deepEqual([code, stdout], [expected, ""]);
      match(stderr, says);
      equal(stderr.trim().split("\n").length, 1, stderr);
      equal(await Deno.readTextFile(join(folder.path, "teleworker")), "of before");
    });
  }
});
