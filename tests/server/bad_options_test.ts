import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { optionsOf } from "../../lib/base/command_tree.ts";
import { parser } from "../../lib/server/flags.ts";
import { variableOf } from "../../lib/server/options.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworkerd } from "./teleworkerd.ts";

const LIMITS = "such as '\\{\"memoryBytes\": 1073741824\\}'";
const EMPTY = 'it must not be empty, such as "/[a-z/.-]+"';
const COUNT = 'it must be a whole number from 1 on, such as "\\d+"';
const SIZE = "(?:unknown unit, )?it must be .*, such as 512K, 256M or 1.5G";

/** A bad value of each option of the daemon, with what is expected in its place. */
const BAD: Readonly<Record<string, readonly [value: string, expected: string]>> = {
  "--listen": ["8443", 'it must be HOST:PORT, such as "127.0.0.1:8443"'],
  "--socket": ["", EMPTY],
  "--certs": ["", EMPTY],
  "--ca": ["", EMPTY],
  "--cert": ["", EMPTY],
  "--key": ["", EMPTY],
  "--crl": ["", EMPTY],
  "--audit-log": ["", EMPTY],
  "--audit-args": ["some", 'it must be off, hash or full, such as "hash"'],
  "--state-dir": ["", EMPTY],
  "--cgroup-root": ["a/b", 'it must be letters, digits, dots, dashes and underscores, such as "teleworker"'],
  "--log-level": ["loud", 'it must be debug, info, warning or error, such as "info"'],
  "--max-jobs": ["0", COUNT],
  "--max-jobs-per-owner": ["-1", COUNT],
  "--max-followers": ["1e3", COUNT],
  "--default-limits": ['{"memoryBytes": "1G"}', `"memoryBytes" must be a whole number, ${LIMITS}`],
  "--max-limits": ["4 CPUs", `it must be JSON, ${LIMITS}`],
  "--output-max": ["1Q", SIZE],
  "--keep-for": ["7x", "unknown unit, it must be a number and a unit, such as 30s, 5m or 2h"],
  "--keep-jobs": ["all", COUNT],
  "--keep-bytes": ["lots", SIZE],
  "--config": ["", EMPTY],
};

/** Those of verbs, where wrong usage is noticed by the parser; `install` notices it later. */
const BAD_OF_VERBS:
  readonly (readonly [code: number, option: string, value: string, expected: string, verb: string[]])[] = [
    [2, "--output", "yaml", "it must be text or json", ["check"]],
    [2, "--key-type", "dsa", "it must be ec-p256, ed25519 or rsa-4096", ["request", "localhost"]],
    [1, "--root", "", EMPTY, ["install"]],
  ];

function sentence(option: string, value: string, expected: string): RegExp {
  return new RegExp(`^teleworkerd: Cannot use ${option} "${RegExp.escape(value)}": ${expected}\\n$`);
}

Deno.test("Options of the daemon: bad value → refused with it, what is expected, an example", async () => {
  const withValue = [...optionsOf(parser.usage).values()].filter(({ hasValue }) => hasValue).map(({ long }) => long);
  const all = [...Object.keys(BAD), ...BAD_OF_VERBS.map(([, option]) => option)];
  deepEqual(all.sort(), [...new Set(withValue)].sort());
  await Promise.all(
    Object.entries(BAD).map(async ([option, [value, expected]]) => {
      const { code, stdout, stderr } = await teleworkerd([option, value]);
      deepEqual([code, stdout], [1, ""], option);
      match(stderr, sentence(option, value, expected));
    }),
  );
  for (const [expectedCode, option, value, expected, verb] of BAD_OF_VERBS) {
    const { code, stdout, stderr } = await teleworkerd([...verb, option, value]);
    deepEqual([code, stdout], [expectedCode, ""], option);
    match(stderr, sentence(option, value, expected));
  }
});

Deno.test("Options of the daemon: bad value in the environment or a file → the same sentence", async () => {
  await using folder = await TemporaryFolder.create();
  const { stderr } = await teleworkerd([], { [variableOf("keepFor")]: "7x" });
  match(stderr, sentence("--keep-for", "7x", BAD["--keep-for"]?.[1] ?? ""));
  const config = join(folder.path, "config.json");
  const values: readonly (readonly [option: string, value: unknown, shown: string, expected: string])[] = [
    ["keepFor", -1, "-1", 'it must be above zero, such as "7d"'],
    ["keepFor", true, "true", 'it must be text or a number, such as "7d"'],
    ["maxJobs", 0.5, "0.5", COUNT],
    ["stateDir", 7, "7", 'it must be text, such as "/var/lib/teleworker"'],
    ["listen", 8443, "8443", 'it must be HOST:PORT, such as "127.0.0.1:8443"'],
    ["maxLimits", [], "[]", `it must be a JSON object, ${LIMITS}`],
    ["maxLimits", { cpus: "4" }, '{"cpus":"4"}', `"cpus" must be a number, ${LIMITS}`],
    ["defaultLimits", { memory: 1 }, '{"memory":1}', `there is no limit "memory", ${LIMITS}`],
  ];
  for (const [option, value, shown, expected] of values) {
    await Deno.writeTextFile(config, JSON.stringify({ [option]: value }));
    const flag = `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    match((await teleworkerd(["--config", config])).stderr, sentence(flag, shown, expected));
  }
});

Deno.test("Options of the daemon: zero for how much is kept → accepted, as before", async () => {
  await using folder = await TemporaryFolder.create();
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  const args = ["--socket", join(folder.path, "socket"), "--state-dir", join(folder.path, "state"), "--keep-for", "0"];
  try {
    const { code, stdout, stderr } = await teleworkerd([...args, "--cgroup-root", cgroupRoot]);
    equal(code, 0, stderr);
    match(stdout, /^teleworkerd listening on unix:/);
  } finally {
    await removeCgroups(cgroupRoot);
  }
});
