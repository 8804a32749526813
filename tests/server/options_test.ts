import { join } from "node:path";
import { deepEqual, equal, rejects } from "../support/assert.ts";
import { addressSchema, flagOf, OPTION_NAMES, readOptions, variableOf } from "../../lib/server/options.ts";
import { TemporaryFolder } from "../support/folder.ts";

/** Calls with these environment variables, and puts back what was there. */
async function withEnvironment<T>(variables: Readonly<Record<string, string>>, call: () => Promise<T>): Promise<T> {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  try {
    for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
    return await call();
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  }
}

async function withConfig<T>(text: string, call: (path: string) => Promise<T>): Promise<T> {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "teleworkerd.json");
  await Deno.writeTextFile(path, text);
  return await call(path);
}

Deno.test("readOptions has a default for what needs one", async () => {
  deepEqual(await readOptions({}, undefined), {
    listen: { hostname: "127.0.0.1", port: 8443 },
    stateDir: "/var/lib/teleworker",
    cgroupRoot: "teleworker",
    auditArgs: "off",
    logLevel: "info",
    maxJobs: 1000,
    defaultLimits: {},
    maxLimits: {},
    maxFollowers: 2000,
  });
});

Deno.test("readOptions takes flags before the environment, and that before the file", async () => {
  const config = JSON.stringify({ listen: "[::1]:1", maxJobs: 1, maxFollowers: "1", stateDir: "/file" });
  const environment = { TELEWORKERD_LISTEN: "host:2", TELEWORKERD_MAX_JOBS: "2" };
  const options = await withConfig(
    config,
    (path) => withEnvironment(environment, () => readOptions({ listen: "0.0.0.0:3" }, path)),
  );
  const { listen, maxJobs, maxFollowers, stateDir } = options;
  deepEqual({ listen, maxJobs, maxFollowers, stateDir }, {
    listen: { hostname: "0.0.0.0", port: 3 },
    maxJobs: 2,
    maxFollowers: 1,
    stateDir: "/file",
  });
});

Deno.test("every option has a flag and a variable that say the same", () => {
  equal(flagOf("stateDir"), "--state-dir");
  equal(variableOf("stateDir"), "TELEWORKERD_STATE_DIR");
  for (const name of OPTION_NAMES) {
    equal(flagOf(name).slice(2).replaceAll("-", "_").toUpperCase(), variableOf(name).replace("TELEWORKERD_", ""));
  }
});

Deno.test("readOptions refuses what is wrong, in a sentence that names the option", async () => {
  const wrong = [
    [{ listen: "8443" }, 'Cannot use --listen "8443": it must be HOST:PORT, such as "127.0.0.1:8443"'],
    [{ listen: "" }, 'Cannot use --listen "": it must be HOST:PORT, such as "127.0.0.1:8443"'],
    [{ maxJobs: "0" }, 'Cannot use --max-jobs "0": it must be a whole number from 1 on, such as "1000"'],
    [{ maxJobs: "many" }, /^Cannot use --max-jobs "many": /],
    [{ maxFollowers: "-1" }, /^Cannot use --max-followers "-1": /],
    [{ maxFollowers: "1e9" }, /^Cannot use --max-followers "1e9": /],
    [{ logLevel: "loud" }, 'Cannot use --log-level "loud": it must be debug, info, warning or error, such as "info"'],
    [{ cgroupRoot: "../jobs" }, /^Cannot use --cgroup-root "\.\.\/jobs": it must be letters/],
    [{ cgroupRoot: ".." }, /^Cannot use --cgroup-root "\.\.": it must be letters/],
    [{ stateDir: "" }, 'Cannot use --state-dir "": it must not be empty, such as "/var/lib/teleworker"'],
    [{ socket: "" }, 'Cannot use --socket "": it must not be empty, such as "/run/teleworker/socket"'],
  ] as const;
  for (const [flags, message] of wrong) await rejects(readOptions(flags, undefined), { message });
  await withEnvironment({ TELEWORKERD_MAX_JOBS: "x" }, async () => {
    await rejects(readOptions({}, undefined), { message: /^Cannot use --max-jobs "/ });
  });
});

Deno.test("readOptions refuses a file that is none, or has options that it does not know", async () => {
  await rejects(readOptions({}, "/no/such/file"), { message: /^Cannot read the configuration "\/no\/such\/file": / });
  for (const text of ["", "{", "[]", '"x"', "null"]) {
    await withConfig(text, async (path) => {
      await rejects(readOptions({}, path), { message: /^Cannot read the configuration ".*": / }, text);
    });
  }
  await withConfig('{"maxjobs": 1}', async (path) => {
    await rejects(readOptions({}, path), { message: 'Cannot use the configuration: unknown option "maxjobs"' });
  });
  await withConfig('{"maxJobs": 0.5}', async (path) => {
    await rejects(readOptions({}, path), { message: /^Cannot use --max-jobs "/ });
  });
});

Deno.test("addressSchema takes names and addresses with a port, and nothing else", () => {
  deepEqual(addressSchema.parse("localhost:0"), { hostname: "localhost", port: 0 });
  deepEqual(addressSchema.parse("[::]:65535"), { hostname: "::", port: 65_535 });
  for (
    const text of [
      "",
      ":",
      ":1",
      "a",
      "a:",
      "a:b",
      "a:-1",
      "a:65536",
      "::1:8443",
      "[g]:1",
      "a b:1",
      "a:1 ",
      "https://a:1",
    ]
  ) {
    equal(addressSchema.safeParse(text).success, false, text);
  }
});
