import { formatMessage } from "@optique/core/message";
import { getDocPageSync, type Parser } from "@optique/core/parser";
import { join } from "node:path";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { firstUnknown, verbPaths } from "../../lib/base/command_tree.ts";
import { about, parse, parserFor } from "../../lib/client/program.ts";
import { about as aboutDaemon, parseCommandLine, parser as daemonParser } from "../../lib/server/flags.ts";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";

/** The arguments that each call of a program gets when a shell runs these lines, in which nothing else is executed. */
async function callsIn(program: string, script: string): Promise<string[][]> {
  await using folder = await TemporaryFolder.create();
  await Deno.mkdir(join(folder.path, ".config/fish/completions"), { recursive: true });
  const record = `${program}() { printf '%s\\0' "$@" >&9; printf '\\1' >&9; }`;
  const { success, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", `exec 9>"$HOME/calls"; ${record}; ${script}`],
    clearEnv: true,
    env: { HOME: folder.path, PATH: "/nowhere" },
    cwd: folder.path,
    stdin: "null",
  }).output();
  equal(success, true, `${script}: ${new TextDecoder().decode(stderr)}`);
  const calls = (await Deno.readTextFile(join(folder.path, "calls"))).split("\x01").slice(0, -1);
  return calls.map((call) => call.split("\0").slice(0, -1));
}

/** The example of each verb that there is, by the words that lead to it. */
function examplesOf(parserFor: (words: readonly string[]) => Parser<"sync", unknown, unknown>): [string, string][] {
  return verbPaths(parserFor([]).usage).map((path) => {
    const footer = getDocPageSync(parserFor(path.split(" ")), path.split(" "))?.footer;
    const text = footer === undefined ? "" : formatMessage(footer, { colors: false, quotes: false });
    return [path, /^Example: (.*)$/.exec(text)?.[1] ?? ""];
  });
}

Deno.test("Examples of the client's verbs: each → parsed, and shows that verb", async () => {
  const examples = examplesOf(parserFor);
  ok(examples.length > 20);
  for (const [path, example] of examples) {
    const calls = await callsIn("teleworker", example);
    ok(calls.length > 0, path);
    for (const call of calls) {
      // Help is shown by the parser itself, which then ends the process.
      if (path === "help") equal(firstUnknown(parserFor([]).usage, call.slice(1)), undefined);
      else ok(parse(call).verb.startsWith(path), `${path}: ${example}`);
    }
  }
  const [call = []] = await callsIn("teleworker", formatMessage(about.examples, { colors: false, quotes: false }));
  equal(parse(call).verb, "run");
});

Deno.test("Examples of the daemon's verbs: each → parsed, and shows that verb", async () => {
  const examples = examplesOf(() => daemonParser);
  deepEqual(examples.map(([path]) => path).sort(), ["check", "install", "request", "uninstall"]);
  for (const [path, example] of examples) {
    for (const call of await callsIn("teleworkerd", example)) equal(parseCommandLine(call).verb, path);
  }
  const example = formatMessage(aboutDaemon.examples, { colors: false, quotes: false });
  const [call = []] = await callsIn("teleworkerd", example);
  equal(parseCommandLine(call).verb, "serve");
});

/** Blocks of shell in a page of the documentation. */
async function blocksIn(page: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(`../../docs/${page}`, import.meta.url));
  return [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block]) => block ?? "");
}

Deno.test("docs/limits.md: examples of the client → parsed", async () => {
  const calls = (await Promise.all(
    (await blocksIn("limits.md")).map((block) => callsIn("teleworker", `teleworkerd() { :; }; ${block}`)),
  )).flat();
  ok(calls.length > 0);
  for (const call of calls) equal(parse(call).verb, "run");
});

Deno.test("docs/limits.md: smallest limits → those that the client takes", async () => {
  const text = (await Deno.readTextFile(new URL("../../docs/limits.md", import.meta.url))).replaceAll(/\s+/g, " ");
  const least = /less than (\w+) of memory, (\w+) of address space, (\w+) of file size and (\d+) open files/.exec(text);
  const [, memory = "", addressSpace = "", fileSize = "", openFiles = ""] = least ?? [];
  const flags = { memory, "address-space": addressSpace, "file-size": fileSize, "open-files": openFiles };
  for (const [flag, value] of Object.entries(flags)) {
    match(value, /^\d+[KM]?$/);
    equal(parse(["start", `--${flag}`, value, "--", "true"]).verb, "start");
  }
});

Deno.test("docs/limits.md: default and maximum limits → a daemon starts with them", { ignore: !canLimit }, async () => {
  const calls = (await Promise.all((await blocksIn("limits.md")).map((block) =>
    callsIn("teleworkerd", `teleworker() { :; }; ${block}`)
  ))).flat();
  const flags = calls.flatMap((call) =>
    call.filter((word) => word !== "…")
  );
  deepEqual(flags.filter((word) => word.startsWith("-")), ["--default-limits", "--max-limits"]);
  await using daemon = await Daemon.start({ flags });
  ok(daemon.address !== "");
});
