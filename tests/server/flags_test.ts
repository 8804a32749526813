import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { VERSION } from "../../lib/about/version.ts";
import { flagOf, OPTION_NAMES, variableOf } from "../../lib/server/options.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { makeCertificates } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworkerd } from "./teleworkerd.ts";

Deno.test("the daemon ends with 2 for wrong usage, and says what is wrong", async () => {
  const wrong = [["--nonsense"], ["--listen"], ["stray"], ["install", "--certs", "x"], ["uninstall", "stray"], [
    "--max-jobs",
    "1",
    "--max-jobs",
    "2",
  ], [
    "\x1b[31m\u202e",
  ]];
  await Promise.all(wrong.map(async (args) => {
    const { code, stdout, stderr } = await teleworkerd(args);
    deepEqual([code, stdout], [2, ""], args.join(" "));
    equal(["\x1b", "\u202e"].some((control) => stderr.includes(control)), false);
    match(stderr, /^teleworkerd: /);
  }));
});

Deno.test("the daemon tells its options and its version", async () => {
  const help = await teleworkerd(["--help"]);
  equal(help.code, 0);
  for (const name of OPTION_NAMES) match(help.stdout, new RegExp(`${flagOf(name)}\\b`));
  match(help.stdout, /TELEWORKERD_/);
  const version = await teleworkerd(["--version"]);
  equal(version.code, 0);
  match(version.stdout, new RegExp(`^${RegExp.escape(VERSION)} \\(.+, Deno ${RegExp.escape(Deno.version.deno)}\\)\n$`));
});

/** What a daemon says that gets ready with these arguments and variables, and ends well. */
async function readyLine(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await teleworkerd(args, env);
  equal(code, 0, stderr);
  return stdout;
}

Deno.test("the daemon takes each option from the command line, the environment or a file", async () => {
  await using folder = await TemporaryFolder.create();
  const [certs, socket, config] = ["certs", "socket", "config.json"].map((name) => join(folder.path, name));
  await makeCertificates(certs ?? "");
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  const options = { listen: "127.0.0.1:0", certs, socket, stateDir: join(folder.path, "state"), cgroupRoot };
  try {
    const ready = /^teleworkerd listening on https:\/\/127\.0\.0\.1:[1-9]\d*\n$/;
    const flags = Object.entries(options).flatMap(([name, value]) => [flagOf(name), value ?? ""]);
    match(await readyLine(flags), ready);
    const environment = Object.entries(options).map(([name, value]) => [variableOf(name), value ?? ""] as const);
    match(await readyLine([], Object.fromEntries(environment)), ready);
    await Deno.writeTextFile(config ?? "", JSON.stringify({ ...options, listen: "nonsense" }));
    match(await readyLine(["--config", config ?? "", "--listen", "127.0.0.1:0"]), ready);
    match(await readyLine([], { TELEWORKERD_CONFIG: config ?? "", TELEWORKERD_LISTEN: "127.0.0.1:0" }), ready);
    // With a socket alone it needs no certificates.
    const local = ["--socket", socket ?? "", "--state-dir", options.stateDir, "--cgroup-root", cgroupRoot];
    equal(await readyLine(local), `teleworkerd listening on unix:${socket}\n`);
  } finally {
    await removeCgroups(cgroupRoot);
  }
});

Deno.test("the daemon ends with 1 and a sentence when it cannot start", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = join(folder.path, "certs");
  await makeCertificates(certs);
  const file = (name: string) => join(certs, name);
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  const given = ["--listen", "127.0.0.1:0"];
  const plain = join(folder.path, "plain");
  await Deno.writeTextFile(plain, "not a certificate");
  const open = join(folder.path, "open");
  await makeCertificates(open);
  await Deno.chmod(open, 0o777);
  const openKey = join(folder.path, "open-key.pem");
  await Deno.writeTextFile(openKey, await Deno.readTextFile(file("server-key.pem")));
  await Deno.chmod(openKey, 0o644);
  const occupied = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const reasons: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      "no way in",
      given,
      /^teleworkerd: Cannot listen: name the certificates with --certs, or a local socket with --socket$/,
    ],
    ["no certificates", [...given, "--certs", "/no/such"], /^teleworkerd: Cannot read "\/no\/such\/ca.pem": /],
    ["half of them", [...given, "--ca", file("ca.pem")], /^teleworkerd: Cannot use TLS: it takes --certs, or all of /],
    [
      "an authority that is none",
      [...given, "--certs", certs, "--ca", file("client-alice.pem")],
      /^teleworkerd: Cannot trust "alice": .* \(in ".*client-alice\.pem"\)$/,
    ],
    [
      "an authority that is text",
      [...given, "--certs", certs, "--ca", plain],
      /^teleworkerd: Cannot read trusted authorities ".*": it is not in PEM: it has no line that says BEGIN$/,
    ],
    [
      "a key of another certificate",
      [...given, "--certs", certs, "--key", file("client-alice-key.pem")],
      /^teleworkerd: Cannot use the private key ".*": it is not that of the certificate ".*"$/,
    ],
    ["a certificate that is text", [...given, "--certs", certs, "--cert", plain], /^teleworkerd: Cannot use /],
    [
      "a key that others have access to",
      [...given, "--certs", certs, "--key", openKey],
      /^teleworkerd: Cannot read ".*": others have access to it; run: chmod o= ".*open-key.pem"$/,
    ],
    [
      "certificates in a folder that others can write to",
      [...given, "--certs", open],
      /^teleworkerd: Cannot use the certificates in ".*": others can write there; run: chmod o-w ".*open"$/,
    ],
    [
      "a bad address",
      ["--certs", certs, "--listen", "here"],
      /^teleworkerd: Cannot use --listen "here": it must be HOST:PORT/,
    ],
    [
      "a port that is taken",
      [...given.with(1, `127.0.0.1:${occupied.addr.port}`), "--certs", certs],
      /^teleworkerd: Cannot listen on "127.0.0.1:\d+": another program does$/,
    ],
    ["a state folder that is a file", [...given, "--state-dir", plain, "--certs", certs], /^teleworkerd: /],
    [
      "a socket's path that is a file",
      [...given, "--socket", plain],
      /^teleworkerd: Cannot listen on ".*": it is there and is not a socket$/,
    ],
  ];
  try {
    // All at once: each takes a second, most of it for Deno to start.
    await Promise.all(reasons.map(async ([why, args, message], number) => {
      // Those that come as far as that would be refused the group, or the state, of another.
      const group = ["--cgroup-root", `${cgroupRoot}-${number}`];
      const state = args.includes("--state-dir") ? [] : ["--state-dir", join(folder.path, `state-${number}`)];
      const { code, stdout, stderr } = await teleworkerd([...args, ...group, ...state]);
      deepEqual([code, stdout], [1, ""], `${why}: ${stderr}`);
      const lines = stderr.trimEnd().split("\n").filter((line) => !line.startsWith("{"));
      equal(lines.length, 1, `${why}: ${stderr}`);
      match(lines[0] ?? "", message, `${why}: ${stderr}`);
    }));
    equal(await Deno.readTextFile(plain), "not a certificate");
  } finally {
    occupied.close();
    await Promise.all(reasons.map((_, number) => removeCgroups(`${cgroupRoot}-${number}`)));
  }
});
