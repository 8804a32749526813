import { join } from "node:path";
import { deepEqual, equal, match, notEqual } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { programEnvironment, programWords } from "../support/programs.ts";
import type { Ended } from "../support/teleworker.ts";
import { teleworker } from "../support/teleworker.ts";
import { atHome } from "./home.ts";

const NOT_UTF8 = "it is not valid UTF-8";

/** Runs a program with arguments and variables that Deno cannot hand on: printf(1) makes them out of these. */
async function runBytes(
  name: "teleworker" | "teleworkerd",
  escaped: readonly string[],
  variables: Readonly<Record<string, string>>,
  escapedVariable?: readonly [name: string, value: string],
): Promise<Ended> {
  const bytes = (text: string) => `"$(printf '%b' '${text}')"`;
  const assignment = escapedVariable === undefined ? "" : `export ${escapedVariable[0]}=${bytes(escapedVariable[1])};`;
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `${assignment} exec "$@" ${escaped.map(bytes).join(" ")}`, "sh", ...programWords(name)],
    ...programEnvironment({ ...variables, NO_COLOR: "1" }),
    stdin: "null",
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Whether these are binaries that `deno compile` made, whose runtime itself ends for such an argument before they begin. */
const isCompiled = (await teleworker({ address: "", certs: "" }, ["--version"])).stdout.includes("(compiled");

Deno.test("Arguments that are not UTF-8: every verb → refused with 2, nothing started", async () => {
  await using daemon = await Daemon.start();
  await using folder = await TemporaryFolder.create();
  const path = folder.path;
  await Deno.writeTextFile(join(path, "caf\ufffd"), "another file");
  const environment = { TELEWORKER_HOST: daemon.address, TELEWORKER_CERTS: daemon.certs, TELEWORKER_IDENTITY: "alice" };
  const lines: readonly (readonly [args: readonly string[], shown: string])[] = [
    [["run", "--cwd", path, "--", "cat", "caf\\0351"], "caf\\xe9"],
    [["start", "--", "/bin/caf\\0351"], "/bin/caf\\xe9"],
    [["run", "-e", "A=\\0351", "--", "true"], "A=\\xe9"],
    [["start", "--cwd", "/\\0351", "--", "true"], "/\\xe9"],
    [["start", "--cwd=/\\0351", "--", "true"], "--cwd=/\\xe9"],
    [["start", "--read-bps", "/\\0351:1M", "--", "true"], "/\\xe9:1M"],
    [["--certs", "\\0351", "list"], "\\xe9"],
    [["remove", "a\\0351"], "a\\xe9"],
    [["wait", "\\0377"], "\\xff"],
    [["certs", "init", "--certs", `${path}/\\0351`], `${path}/\\xe9`],
    [["frobnicate\\0351"], "frobnicate\\xe9"],
    [["completion", "bash", "--", "\\0351"], "\\xe9"],
  ];
  await Promise.all(lines.map(async ([args, shown]) => {
    const { code, stdout, stderr } = await runBytes("teleworker", args, environment);
    equal(stdout, "", shown);
    if (isCompiled) return notEqual(code, 0);
    deepEqual({ code, stderr }, { code: 2, stderr: `teleworker: Cannot use the argument "${shown}": ${NOT_UTF8}\n` });
  }));
  using root = await Https.as(daemon, "root");
  deepEqual((await (await root.send("GET", "/v1/jobs")).json()).jobs, []);
  deepEqual([...Deno.readDirSync(path)].map(({ name }) => name), ["caf\ufffd"]);
});

Deno.test("U+FFFD in an argument: run → that file, or refused where it cannot be told", async () => {
  await using daemon = await Daemon.start();
  await using folder = await TemporaryFolder.create();
  await Deno.writeTextFile(join(folder.path, "caf\ufffd"), "that file");
  const ended = await teleworker(daemon, ["run", "--cwd", folder.path, "--", "cat", "caf\ufffd"]);
  if (isCompiled && ended.code === 2) return match(ended.stderr, /U\+FFFD/);
  deepEqual(ended, { code: 0, stdout: "that file", stderr: "" });
});

Deno.test("Variables that are not UTF-8: client → refused with 2, naming the variable", async () => {
  for (const name of ["TELEWORKER_HOST", "TELEWORKER_SOCKET", "TELEWORKER_CERTS", "HOME"]) {
    const variables = { ...atHome("/nowhere"), TELEWORKER_HOST: "" };
    const ended = await runBytes("teleworker", ["list"], variables, [name, "/\\0351"]);
    const stderr = `teleworker: Cannot use the variable ${name}: ${NOT_UTF8}\n`;
    deepEqual(ended, { code: 2, stdout: "", stderr }, name);
  }
});

Deno.test("Arguments, variables, configuration that are not UTF-8: daemon → refused", async () => {
  await using folder = await TemporaryFolder.create();
  for (
    const args of [["--socket", "/\\0351"], ["--socket=/\\0351"], ["check", "--certs", "\\0351"], ["request", "\\0351"]]
  ) {
    const { code, stdout, stderr } = await runBytes("teleworkerd", args, {});
    equal(stdout, "");
    if (isCompiled) notEqual(code, 0);
    else {
      equal(code, 2);
      match(stderr, /^teleworkerd: Cannot use the argument "(--socket=)?\/?\\xe9": it is not valid UTF-8\n$/);
    }
  }
  for (const name of ["TELEWORKERD_STATE_DIR", "TELEWORKERD_CONFIG", "NOTIFY_SOCKET"]) {
    const ended = await runBytes("teleworkerd", [], {}, [name, "/\\0351"]);
    deepEqual(ended, { code: 1, stdout: "", stderr: `teleworkerd: Cannot use the variable ${name}: ${NOT_UTF8}\n` });
  }
  const config = join(folder.path, "config.json");
  const contents: readonly (readonly [Uint8Array<ArrayBuffer>, RegExp])[] = [
    [
      new Uint8Array([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]),
      /Cannot read the configuration ".*": it is not valid UTF-8\n$/,
    ],
    [new TextEncoder().encode('{"stateDir": "/\\ud800"}'), /--state-dir.*must be well-formed Unicode/],
    [new TextEncoder().encode('{"socket": "/a\\u0000b"}'), /--socket.*must be well-formed Unicode/],
  ];
  for (const [bytes, says] of contents) {
    await Deno.writeFile(config, bytes);
    const { code, stderr } = await runBytes("teleworkerd", ["--config", config], {});
    equal(code, 1);
    match(stderr, says);
  }
});
