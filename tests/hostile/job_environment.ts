import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import type { Case } from "../faults/support/suite.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";

/** Programs that the runner uses; a job's PATH has others of these names. */
const HELPERS = [
  "cat",
  "chown",
  "dd",
  "fallocate",
  "findmnt",
  "head",
  "mkfifo",
  "mv",
  "od",
  "prlimit",
  "rm",
  "rmdir",
  "setpriv",
  "setsid",
  "sleep",
  "stat",
  "tail",
  "tr",
  "wc",
];

/** Names that some shell, the dynamic linker or the runner gives a meaning to. */
const NAMES = [
  ...["IFS", "ENV", "BASH_ENV", "PS1", "PS4", "PROMPT_COMMAND", "SHELLOPTS", "BASHOPTS", "CDPATH", "GLOBIGNORE"],
  ...[
    "HOME",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "RANDOM",
    "LINENO",
    "PPID",
    "LC_ALL",
    "LANG",
    "TMPDIR",
    "POSIXLY_CORRECT",
    "UID",
    "_",
  ],
  ...["cgroup", "step", "stream", "status", "size", "first", "most", "copy", "over", "exit_code", "signal", "failure"],
  ...[
    "separator",
    "line",
    "file",
    "comma",
    "said",
    "drain",
    "guard",
    "nap",
    "pid",
    "session",
    "stat",
    "boot_id",
    "uptime",
  ],
  ...["TELEWORKER", "TELEWORKERS", "constructor", "toString", "hasOwnProperty"],
];

/** Environments that make the programs of others do what they should not. */
export const jobEnvironment: Case = {
  name: "a job's environment is its program's alone: no helper of the runner's ever sees it",
  run: async () => {
    await using folder = await TemporaryFolder.create();
    await using daemon = await Daemon.start();
    using alice = await Https.as(daemon, "alice");
    await linker(alice, daemon, folder.path);
    await helpers(alice, folder.path);
    await names(alice, join(folder.path, "canary"));
    await refused(alice);
  },
};

/** LD_DEBUG makes the dynamic linker write a file for each process that starts with it (ld.so(8)). */
async function linker(https: Https, daemon: Daemon, folder: string): Promise<void> {
  const library = await someLibrary();
  for (const user of [undefined, "root"]) {
    const trace = join(folder, `trace-${user ?? "none"}`);
    const job = await https.start({
      command: "sleep",
      args: ["1000"],
      env: { LD_DEBUG: "libs", LD_DEBUG_OUTPUT: trace, LD_PRELOAD: library },
      limits: { openFiles: 100 },
      ...(user === undefined ? {} : { user }),
    });
    const { pid } = job;
    ok(pid !== null);
    await until(
      "the program has loaded the library",
      () => Deno.readTextFileSync(`/proc/${pid}/maps`).includes(library),
    );
    for (const helper of helpersOf(join(daemon.state, "jobs", job.id), pid)) {
      ok(!helper.environment.split("\0").some((line) => line.startsWith("LD_")), helper.environment);
      ok(!helper.maps.includes(library), `${helper.command} has loaded the job's library`);
    }
    await (await https.send("POST", `/v1/jobs/${job.id}/stop`, { graceSeconds: 0 })).body?.cancel();
    await https.wait(job.id);
    const traced = [...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith(`trace-${user ?? "none"}`));
    deepEqual(
      traced.map(({ name }) => name),
      [`trace-${user ?? "none"}.${pid}`],
      "Others have run with its environment",
    );
  }
}

/** The path of a library that nothing of the runner's needs. */
async function someLibrary(): Promise<string> {
  const { stdout } = await new Deno.Command("ldconfig", { args: ["-p"], stderr: "null" }).output();
  const path = /^\s*libresolv\.so\.2 .*=> (\S+)$/m.exec(new TextDecoder().decode(stdout))?.[1];
  return await Deno.realPath(path ?? "/lib/x86_64-linux-gnu/libresolv.so.2");
}

interface Helper {
  readonly command: string;
  readonly environment: string;
  readonly maps: string;
}

/** The processes that work for a job, outside of it: they carry its folder in their environment. */
function helpersOf(folder: string, program: number): Helper[] {
  const found: Helper[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === program) continue;
    try {
      const read = (file: string) => Deno.readTextFileSync(`/proc/${name}/${file}`);
      const environment = read("environ");
      if (!environment.includes(`TELEWORKER_JOB=${folder}\0`)) continue;
      found.push({ command: read("cmdline"), environment, maps: read("maps") });
    } catch {
      // It has ended.
    }
  }
  // The runner, setsid, and for each stream a shell and the program that copies.
  ok(found.length >= 4, `Only ${found.length} helpers were found`);
  return found;
}

/** A PATH with programs of the names of the runner's helpers. */
async function helpers(https: Https, folder: string): Promise<void> {
  const bin = join(folder, "bin");
  await Deno.mkdir(bin);
  for (const name of [...HELPERS, "sh"]) {
    await Deno.writeTextFile(join(bin, name), `#!/bin/sh\n: >"${bin}/ran-${name}"\n`, { mode: 0o755 });
  }
  const job = await https.start({ command: "/bin/true", env: { PATH: bin }, user: "root", limits: { openFiles: 100 } });
  equal((await https.wait(job.id)).state, "exited");
  deepEqual([...Deno.readDirSync(bin)].filter(({ name }) => name.startsWith("ran-")), []);
}

/** Each name alone, and all together, reach the program as they are. */
async function names(https: Https, canary: string): Promise<void> {
  const value = `$(touch ${canary})\`touch ${canary}\`; touch ${canary}\n= '"`;
  const all = Object.fromEntries(NAMES.map((name) => [name, `${name}${value}`]));
  const alone = NAMES.map((name) => ({ [name]: value }));
  await Promise.all([all, ...alone].map(async (env) => {
    const job = await https.start({ command: "/usr/bin/env", args: ["-0"], env });
    const { state, exitCode } = await https.wait(job.id);
    deepEqual({ state, exitCode }, { state: "exited", exitCode: 0 }, Object.keys(env).join());
    const printed = await (await https.send("GET", `/v1/jobs/${job.id}/stdout`)).text();
    const expected = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const others = printed.split("\0").filter((line) => line !== "" && !expected.includes(line));
    deepEqual(others.map((line) => line.split("=")[0]), ["PATH"], printed);
    for (const line of expected) ok(printed.split("\0").includes(line), `${line} is missing`);
  }));
  equal(await Deno.stat(canary).catch(() => null), null, "A value has been run");
}

async function refused(https: Https): Promise<void> {
  for (
    const name of ["BASH_FUNC_x%%", "A=B", "", "1", "TELEWORKER_TOKEN", "TELEWORKER_JOB", "A B", "A\n", "__proto__"]
  ) {
    const body = `{"command": "true", "env": {${JSON.stringify(name)}: "() { :; }"}}`;
    const response = await https.send("POST", "/v1/jobs", body);
    await response.body?.cancel();
    equal(response.status, 400, name);
  }
}
