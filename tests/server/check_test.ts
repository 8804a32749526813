import { join } from "node:path";
import { z } from "zod";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { Account } from "../support/account.ts";
import { canLimit, removeCgroups } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Ended, teleworkerd } from "./teleworkerd.ts";

async function check(...flags: string[]): Promise<Ended> {
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  await using folder = await TemporaryFolder.create();
  try {
    const state = flags.includes("--state-dir") ? [] : ["--state-dir", join(folder.path, "state")];
    return await teleworkerd(["check", "--cgroup-root", cgroupRoot, ...state, ...flags]);
  } finally {
    await removeCgroups(cgroupRoot);
  }
}

const checkSchema = z.object({
  ready: z.boolean(),
  config: z.string().nullable(),
  works: z.boolean(),
  cgroups: z.object({
    mode: z.string(),
    reason: z.string().nullable(),
    limits: z.array(z.object({ limit: z.string(), works: z.boolean(), reason: z.string().nullable() })),
  }),
  programs: z.array(z.object({ name: z.string(), path: z.string().nullable(), required: z.boolean() })),
  start: z.array(z.object({ name: z.string(), works: z.boolean(), message: z.string() })),
});

Deno.test("check tells a program what works on this host", async () => {
  const { code, stdout } = await check("--output", "json");
  const { ready, config, works, cgroups, programs } = checkSchema.parse(JSON.parse(stdout));
  equal(code, works ? 0 : 1);
  deepEqual([ready, config], [works, null]);
  ok(programs.find(({ name }) => name === "setsid")?.path);
  equal(cgroups.reason === null, canLimit);
  for (const { limit, works, reason } of cgroups.limits) equal(works, reason === null, limit);
  equal(cgroups.limits.some(({ works }) => works), canLimit);
});

Deno.test("check tells a person the same, and what to do about what does not work", async () => {
  const { stdout } = await check();
  match(stdout, /^Jobs can run on this host\.$/m);
  for (const program of ["sh", "cat", "dd", "setsid", "wc"]) {
    match(stdout, new RegExp(`^  ok   ${program} for every job.*: /\\S+/${program}$`, "m"));
  }
  match(stdout, /^ {2}(ok {3}prlimit for|no {3}prlimit: without it no) limits of processes/m);
  match(stdout, /^Limits, on cgroups (v1|v2|hybrid|none)$/m);
  match(stdout, canLimit ? /^ {2}ok {3}memory$/m : /^ {2}no {3}memory: /m);
  // On v1 it says what the host cannot do, and that buffered writes escape.
  if (/cgroups (v1|hybrid)$/m.test(stdout) && canLimit) {
    match(stdout, /^ {2}no {3}memory by throttling: [^]*Buffered writes escape it/m);
  }
});

/** What check says of a start of the daemon with these flags: its exit code, and of each part whether it works and what was found. */
async function checkStart(...flags: string[]) {
  const { code, stdout } = await check("--output", "json", ...flags);
  const { start } = checkSchema.parse(JSON.parse(stdout));
  const found: Record<string, unknown> = {
    code,
    ...Object.fromEntries(start.map(({ name, works, message }) => [name, [works, message]])),
  };
  return found;
}

Deno.test("check says whether the daemon would start with its options", async (t) => {
  await t.step("also without certificates", async () => {
    await using folder = await TemporaryFolder.create();
    const state = `${folder.path}/a/b`;
    deepEqual(await checkStart("--state-dir", state), {
      code: 0,
      certificates: [true, "none are named; for the network make them with: teleworkerd request HOST --certs DIR"],
      "state folder": [true, `"${state}" can be used`],
      address: [true, "not needed without certificates"],
    });
    deepEqual([...Deno.readDirSync(folder.path)], []);
  });

  await t.step("with a socket and an audit log", async () => {
    await using folder = await TemporaryFolder.create();
    const inside = (name: string) => join(folder.path, name);
    const found = async (socket: string, log: string) => {
      const { code, socket: ofSocket, "audit log": ofLog } = await checkStart("--socket", socket, "--audit-log", log);
      return [code, ofSocket, ofLog];
    };
    const [socket, log] = [inside("socket"), inside("audit.log")];
    deepEqual(await found(socket, log), [0, [true, `"${socket}" can be made`], [true, `"${log}" can be written`]]);
    deepEqual([...Deno.readDirSync(folder.path)], []);
    const [far, away] = [inside("no/socket"), inside("no/audit.log")];
    deepEqual(await found(far, away), [
      1,
      [false, `Cannot listen on "${far}": its folder is not there`],
      [false, `Cannot write "${away}": its folder is not there`],
    ]);
    await Deno.writeTextFile(log, "");
    deepEqual(await found(log, log), [
      1,
      [false, `Cannot listen on "${log}": it is there and is not a socket`],
      [true, `"${log}" can be written`],
    ]);
    using _listener = Deno.listen({ transport: "unix", path: socket });
    deepEqual(await found(socket, "/dev/null"), [
      0,
      [true, `"${socket}" is there, as of a daemon that runs`],
      [true, '"/dev/null" can be written'],
    ]);
  });

  await t.step("where it runs already", async () => {
    await using daemon = await Daemon.start();
    const flags = ["--certs", daemon.certs, "--state-dir", daemon.state, "--listen", daemon.address];
    const running = {
      code: 0,
      certificates: [true, `those in "${daemon.certs}" can be used`],
      "state folder": [true, `"${daemon.state}" is in use by a daemon that runs`],
      address: [true, `"${daemon.address}" is in use, as by a daemon that runs`],
    };
    deepEqual(await checkStart(...flags), running);
    await daemon.end("SIGTERM");
    deepEqual(await checkStart(...flags), {
      ...running,
      "state folder": [true, `"${daemon.state}" can be used`],
      address: [true, `"${daemon.address}" is free`],
    });
    await Deno.chmod(`${daemon.certs}/server-key.pem`, 0o604);
    const { code, certificates } = await checkStart(...flags);
    equal(code, 1);
    match(String(certificates), /^false,.*others have access to it; run: chmod/);
  });

  await t.step("and what to do when it would not", async () => {
    const found = await checkStart(
      "--certs",
      "/no/such",
      "--state-dir",
      "/etc/passwd",
      "--listen",
      "no.such.invalid:1",
    );
    deepEqual(found, {
      code: 1,
      certificates: [
        false,
        'Cannot read "/no/such/ca.pem": it does not exist; make them with: teleworkerd request HOST --certs /no/such',
      ],
      "state folder": [false, 'Cannot use "/etc/passwd": it is not a folder; choose another with --state-dir'],
      address: found["address"],
    });
    match(String(found["address"]), /^false,Cannot listen on "no.such.invalid:1": .*; choose another with --listen$/);
  });
});

Deno.test("a start without its certificates ends with the words of check", async () => {
  const { code, stderr } = await teleworkerd(["--certs", "/no/such"]);
  equal(code, 1);
  match(
    stderr,
    /^teleworkerd: Cannot read "\/no\/such\/ca.pem": .*; make them with: teleworkerd request HOST --certs \/no\/such$/m,
  );
});

Deno.test("check: daemon would not start → first line says so, not that jobs can run", async () => {
  const { code, stdout } = await check("--state-dir", "/etc/passwd");
  equal(code, 1);
  match(stdout, /^The daemon cannot start with this configuration; see what has a "no" below\.\n\n/);
  const json = checkSchema.parse(JSON.parse((await check("--output", "json", "--state-dir", "/etc/passwd")).stdout));
  deepEqual([json.ready, json.works], [false, true]);
});

Deno.test("check: configuration is named → says which", async () => {
  await using folder = await TemporaryFolder.create();
  const config = join(folder.path, "config.json");
  await Deno.writeTextFile(config, JSON.stringify({ stateDir: join(folder.path, "state") }));
  const { code, stdout } = await check("--config", config);
  equal(code, 0);
  ok(stdout.includes(`\nThis is by the options in "${config}".\n`), stdout);
});

Deno.test({ name: "check: not root → says what jobs have to do without", ignore: Deno.uid() !== 0 }, async () => {
  await using account = await Account.make(65534);
  const run = async (...flags: string[]) => {
    const group = ["--cgroup-root", `tw-test-${crypto.randomUUID().slice(0, 8)}`];
    return await teleworkerd(["check", ...group, ...flags], account.env, account.prefix);
  };
  const usable = await run("--state-dir", join(account.path, "state"));
  equal(usable.code, 0);
  const [first, second, third] = usable.stdout.split("\n");
  equal(first, "Jobs can run on this host.");
  match(second ?? "", /^They run without limits: .+\.$/);
  equal(third, "They run as this account alone: other accounts (--user) take a daemon of root.");
  const unusable = await run();
  equal(unusable.code, 1);
  match(unusable.stdout, /^The daemon cannot start with this configuration/);
  match(
    unusable.stdout,
    /^ {2}no {3}state folder: Cannot use "\/var\/lib\/teleworker": .*; choose another with --state-dir, such as --state-dir ~\/\.local\/state\/teleworker$/m,
  );
});
