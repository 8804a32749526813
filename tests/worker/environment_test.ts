import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { TestWorker } from "./worker.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where `sh` is bash, that puts its own idea of these into the environment when it becomes another program. */
const isBashs = new Deno.Command("sh", { args: ["-c", 'test -n "${BASH_VERSION-}"'] }).outputSync().success
  ? (name: string) => ["SHLVL", "_"].includes(name)
  : () => false;

/** The environment of a job that was given this one. */
async function received(test: TestWorker, env: Record<string, string>): Promise<Record<string, string>> {
  const printed = await test.print(["/usr/bin/env", "-0"], { env });
  const variables = printed.split("\0").slice(0, -1).map((variable) => {
    const border = variable.indexOf("=");
    return [variable.slice(0, border), variable.slice(border + 1)] as const;
  });
  return Object.fromEntries(variables.filter(([name]) => !isBashs(name)));
}

Deno.test("a job without an environment gets a PATH and nothing else", async () => {
  await using test = await TestWorker.open();
  deepEqual(await received(test, {}), { PATH: DEFAULT_PATH });
});

Deno.test("a job's own PATH takes the place of ours, also an empty one", async () => {
  await using test = await TestWorker.open();
  deepEqual(await received(test, { PATH: "/a:/b" }), { PATH: "/a:/b" });
  deepEqual(await received(test, { PATH: "" }), { PATH: "" });
});

Deno.test("values arrive as they were given, whatever a shell would make of them", async () => {
  await using test = await TestWorker.open();
  const env = {
    EMPTY: "",
    LINES: "two\nlines\n\n",
    QUOTES: `'"\`$(id)\``,
    DOLLAR: "$HOME ${PATH} $$",
    EQUALS: "=a=b=",
    GLOB: "* ? [a] ~ {a,b}",
    BACKSLASH: "\\ \\n",
    BLANKS: "  a  b\t",
    UNICODE: "ä€😀",
    SEMICOLON: "; exit 1 #",
    LONG: "x".repeat(100_000),
    DASH: "-n",
  };
  deepEqual(await received(test, env), { PATH: DEFAULT_PATH, ...env });
});

Deno.test("names that mean something to a shell, or to our scripts, mean nothing here", async () => {
  await using test = await TestWorker.open();
  const names = [
    ...["IFS", "PS1", "PS2", "PS4", "ENV", "BASH_ENV", "HOME", "PWD", "OLDPWD", "SHLVL", "SHELL", "CDPATH", "MAIL"],
    ...["LC_ALL", "LANG", "POSIXLY_CORRECT", "LINES", "COLUMNS", "TMPDIR", "RANDOM", "SECONDS", "FUNCNAME"],
    ...["count", "job", "stat", "status", "rest", "uptime", "boot_id", "start_time", "cgroup", "failed", "_", "a"],
    ...["TELEWORKER", "NODE_OPTIONS", "DENO_DIR", "BASHPID", "EPOCHSECONDS", "HISTCMD", "GROUPS", "SHELLOPT"],
  ].filter((name) => !isBashs(name));
  const env = Object.fromEntries(names.map((name) => [name, `"value of ${name}" $(id)\n`]));
  deepEqual(await received(test, env), { PATH: DEFAULT_PATH, ...env });
});

Deno.test("what a shell keeps for itself, or takes only numbers for, arrives whatever its value", async (t) => {
  await using test = await TestWorker.open();
  const names = [
    ...[
      "ATTY",
      "CDPATH",
      "ENV",
      "FCEDIT",
      "HISTSIZE",
      "HOME",
      "IFS",
      "LINENO",
      "MAIL",
      "MAILCHECK",
      "MAILPATH",
      "OLDPWD",
    ],
    ...["OPTARG", "OPTIND", "PATH", "PPID", "PS1", "PS2", "PS4", "PWD", "TERM"],
    // bash's own that it lets nobody touch.
    ...["BASHOPTS", "BASH_VERSINFO", "EUID", "SHELLOPTS", "UID"],
    ...["LANG", "LC_CTYPE", "LC_MESSAGES", "NLSPATH", "TZ", "POSIXLY_CORRECT"],
  ];
  for (const value of ["x", "", "-1", "3", "99999999999999999999", "a b\n$(id)"]) {
    await t.step(JSON.stringify(value), async () => {
      for (const name of ["OPTIND", "PPID", "IFS"]) {
        deepEqual(await received(test, { [name]: value }), { PATH: DEFAULT_PATH, [name]: value });
      }
      const env = Object.fromEntries(names.map((name) => [name, value]));
      deepEqual(await received(test, env), env);
    });
  }
});

Deno.test("a job with a variable that no shell can hold ends as any other", async () => {
  await using test = await TestWorker.open();
  const wish = { env: { OPTIND: "x", LD_LIBRARY_PATH: "/no/such/folder" } };
  const words = ["/usr/bin/printf", "%s|", "A=b", "-i", "--", "a b", ""];
  equal(await test.print(words, wish), "A=b|-i|--|a b||");
  equal((await test.run(["sleep", "nonsense"], wish)).exitCode, 1);
  const { pid, id } = await test.start(["sleep", "1000"], wish);
  await until(
    "the job is its program",
    async () => (await Deno.readTextFile(`/proc/${pid}/cmdline`)).endsWith("/sleep\0" + "1000\0"),
  );
  equal((await test.worker.stop(id)).signal, "SIGTERM");
});

Deno.test("a program that env would take for a variable fails where it would have to", async () => {
  await using test = await TestWorker.open();
  const program = join(test.folder, "a=b");
  await Deno.copyFile("/usr/bin/true", program);
  equal((await test.run([program])).exitCode, 0);
  const { state, reason } = await test.run([program], { env: { OPTIND: "x" } });
  equal(`${state}: ${reason}`, `failed: Cannot start "${program}": a variable of its environment cannot be set`);
});

Deno.test("a locale that the host has not changes nothing about how a job ends", async () => {
  await using test = await TestWorker.open();
  const env = { LC_ALL: "xx_XX.UTF-8", LANG: "xx_XX" };
  equal((await test.run(["sh", "-c", "kill -KILL $$"], { env })).signal, "SIGKILL");
  equal((await test.run(["sh", "-c", "exit 137"], { env })).exitCode, 137);
});

Deno.test("a preloaded library reaches the program alone", async () => {
  await using test = await TestWorker.open();
  // The loader complains once for each process that gets the variable.
  const job = await test.run(["true"], { env: { LD_PRELOAD: "/no/such/library.so" } });
  equal(job.exitCode, 0);
  equal((await test.text(job.id, "stderr")).match(/no\/such\/library/g)?.length, 1);
});

Deno.test("a thousand variables arrive", async () => {
  await using test = await TestWorker.open();
  const env = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`VARIABLE_${index}`, `${index}`]));
  deepEqual(await received(test, env), { PATH: DEFAULT_PATH, ...env });
});
