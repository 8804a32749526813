import { join } from "node:path";
import { deepEqual, doesNotMatch, equal, match } from "../support/assert.ts";
import { Account } from "../support/account.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { makeCertificates } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworkerd } from "./teleworkerd.ts";

const NOBODY = 65534;
const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;

type Refusal = readonly [args: readonly string[], sentence: string];

/** Starts a daemon with each, all at once, and compares what it says. */
async function compare(refusals: readonly Refusal[], account?: Account): Promise<void> {
  try {
    await Promise.all(refusals.map(async ([args, sentence], number) => {
      const group = ["--cgroup-root", `${cgroupRoot}-${number}`];
      const { code, stdout, stderr } = await teleworkerd([...args, ...group], account?.env, account?.prefix);
      const lines = stderr.trimEnd().split("\n").filter((line) => !line.startsWith("{"));
      deepEqual({ code, stdout, lines }, { code: 1, stdout: "", lines: [`teleworkerd: ${sentence}`] });
      doesNotMatch(stderr.replace(/^\{.*$/gm, ""), /os error|\bE[A-Z]{3,}\b/);
    }));
  } finally {
    await Promise.all(refusals.map((_, number) => removeCgroups(`${cgroupRoot}-${number}`)));
  }
}

Deno.test("Daemon: address that it cannot have → says why, and what to do", async () => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(join(folder.path, "certs"));
  const at = (listen: string, number: number) => [
    ...["--listen", listen, "--certs", join(folder.path, "certs")],
    ...["--state-dir", join(folder.path, `state-${number}`)],
  ];
  const missing = (port: number) =>
    `this host has no such address (0.0.0.0:${port} is all that it has); choose another with --listen`;
  await compare([
    // RFC 5737 and RFC 3849: addresses for documentation, which no host has.
    [at("192.0.2.1:8443", 1), `Cannot listen on "192.0.2.1:8443": ${missing(8443)}`],
    [at("[2001:db8::1]:1", 2), `Cannot listen on "[2001:db8::1]:1": ${missing(1)}`],
    [at("no.such.invalid:8443", 3), `Cannot listen on "no.such.invalid:8443": ${missing(8443)}`],
    [
      at("[fe80::1]:8443", 4),
      'Cannot listen on "[fe80::1]:8443": an address of one link alone cannot be used; choose another with --listen',
    ],
  ]);
});

Deno.test("Daemon: file or directory that cannot be used → says why, and what to do", async () => {
  await using folder = await TemporaryFolder.create();
  const inside = (name: string) => join(folder.path, name);
  const file = inside("file");
  await Deno.writeTextFile(file, "");
  const given = (number: number) => ["--socket", inside(`socket-${number}`), "--state-dir", inside(`state-${number}`)];
  const state = (path: string) => ["--socket", inside("socket"), "--state-dir", path];
  const another = "choose another with --state-dir" +
    (Deno.uid() === 0 ? "" : ", such as --state-dir ~/.local/state/teleworker");
  await compare([
    [state(file), `Cannot use the state folder "${file}": it is not a folder; ${another}`],
    [state(`${file}/x`), `Cannot use the state folder "${file}/x": "${file}" is not a directory; ${another}`],
    [state("/proc/x"), `Cannot use the state folder "/proc/x": no such file or directory; ${another}`],
    [["--socket", `${file}/x`, ...given(1).slice(2)], `Cannot listen on "${file}/x": "${file}" is not a directory`],
    [
      [...given(2), "--audit-log", inside("no/log")],
      `Cannot open the audit log "${inside("no/log")}": no such file or directory; choose another with --audit-log`,
    ],
    [
      [...given(3), "--audit-log", folder.path],
      `Cannot open the audit log "${folder.path}": it is a directory; choose another with --audit-log`,
    ],
    [
      [...given(4), "--config", inside("no.json")],
      `Cannot read the configuration "${inside("no.json")}": no such file or directory`,
    ],
    [[...given(5), "--config", folder.path], `Cannot read the configuration "${folder.path}": it is a directory`],
  ]);
});

Deno.test({ name: "Daemon: not root, and no right → says why, and what to do", ignore: Deno.uid() !== 0 }, async () => {
  await using account = await Account.make(NOBODY);
  await using folder = await TemporaryFolder.create();
  const certs = join(folder.path, "certs");
  await makeCertificates(certs);
  await Deno.chmod(folder.path, 0o755);
  // One of its own that it may not write to, as on a file system that is mounted for reading only.
  const readOnly = join(account.path, "read-only");
  for (const name of ["", "/jobs", "/output", "/ended", "/scripts"]) await Deno.mkdir(readOnly + name);
  await Deno.chmod(readOnly, 0o555);
  const own = (name: string) => join(account.path, name);
  const another = "choose another with --state-dir, such as --state-dir ~/.local/state/teleworker";
  const unprivileged = Number(await Deno.readTextFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"));
  const low: Refusal = [
    ["--certs", certs, "--listen", "127.0.0.1:1", "--state-dir", own("low")],
    'Cannot listen on "127.0.0.1:1": ports below 1024 take root, or the capability CAP_NET_BIND_SERVICE; ' +
    "choose another with --listen",
  ];
  await compare([
    [["--socket", own("socket")], `Cannot use the state folder "/var/lib/teleworker": permission denied; ${another}`],
    [
      ["--socket", own("socket"), "--state-dir", readOnly],
      `Cannot use the state folder "${readOnly}": "${readOnly}/lock": permission denied; ${another}`,
    ],
    [
      ["--socket", `${folder.path}/socket`, "--state-dir", own("state")],
      `Cannot listen on "${folder.path}/socket": we may not write to "${folder.path}"; choose another path with --socket`,
    ],
    [
      ["--socket", own("socket-2"), "--state-dir", own("state-2"), "--audit-log", `${folder.path}/log`],
      `Cannot open the audit log "${folder.path}/log": permission denied; choose another with --audit-log`,
    ],
    ...(unprivileged > 1 ? [low] : []),
  ], account);
  const asking = ["request", "localhost", "--certs", `${folder.path}/new/certs`];
  const { code, stderr } = await teleworkerd(asking, account.env, account.prefix);
  equal(code, 1);
  match(stderr, /^teleworkerd: Cannot make ".*\/new\/certs": permission denied\n$/);
});
