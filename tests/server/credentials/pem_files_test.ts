import { join } from "node:path";
import { makeListOf } from "../../pki/make_list.ts";
import { openssl } from "../../pki/openssl.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { Daemon } from "../../support/daemon.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { teleworker } from "../../support/teleworker.ts";
import { deepEqual, equal, match } from "../../support/assert.ts";
import { teleworkerd } from "../teleworkerd.ts";
import { replace } from "./reload.ts";

/** A folder of certificates, in which files are changed. */
class Certificates implements AsyncDisposable {
  private constructor(readonly folder: TemporaryFolder) {}

  static async create(): Promise<Certificates> {
    const folder = await TemporaryFolder.create();
    await makeCertificates(folder.path);
    return new Certificates(folder);
  }

  path(name: string): string {
    return join(this.folder.path, name);
  }

  read(name: string): string {
    return Deno.readTextFileSync(this.path(name));
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(this.path(name), bytes, { mode: 0o600 });
  }

  /** What OpenSSL makes of a file there. */
  async converted(name: string, ...args: string[]): Promise<string> {
    const [tool = "", ...more] = args;
    return await openssl(tool, "-in", this.path(name), ...more);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

type Change = (certs: Certificates, name: string) => string | Uint8Array | Promise<string | Uint8Array>;

const derOf = (pem: string) => Uint8Array.fromBase64(pem.replaceAll(/-----.*-----|\n/g, ""));
const keyOf = (name: string) => name.replace(".pem", "-key.pem");
/** One character behind whole groups of four, which is no base64. */
const halved = (certs: Certificates, name: string) =>
  certs.read(name).replace(/-----\n([^-]*)-----END/, (_all, base64: string) => {
    const characters = base64.replaceAll(/[\n=]/g, "");
    return `-----\n${characters.slice(0, Math.floor((characters.length - 1) / 4) * 4 + 1)}\n-----END`;
  });
const wrapped = (label: string, der: Uint8Array) =>
  `-----BEGIN ${label}-----\n${der.toBase64()}\n-----END ${label}-----\n`;

const GOOD_CERTIFICATES: Readonly<Record<string, Change>> = {
  "its key before it": (certs, name) => certs.read(keyOf(name)) + certs.read(name),
  "its key behind it": (certs, name) => certs.read(name) + certs.read(keyOf(name)),
  "a byte order mark": (certs, name) => `\ufeff${certs.read(name)}`,
  "carriage returns": (certs, name) => certs.read(name).replaceAll("\n", "\r\n"),
  "indented lines": (certs, name) => certs.read(name).replaceAll(/^/gm, "    "),
  "text of OpenSSL": (certs, name) => certs.converted(name, "x509", "-text"),
  "its authority behind it": (certs, name) => certs.read(name) + certs.read("ca.pem"),
};
const GOOD_KEYS: Readonly<Record<string, Change>> = {
  "SEC 1 behind its parameters": async (certs, name) =>
    await openssl("ecparam", "-name", "prime256v1") + await certs.converted(name, "ec"),
  "the certificate before it": (certs, name) => certs.read(name.replace("-key", "")) + certs.read(name),
  "indented, with carriage returns": (certs, name) => certs.read(name).replaceAll("\n", "\r\n").replaceAll(/^/gm, " "),
};

const TEXTS: readonly (readonly [what: string, change: Change, fault: RegExp])[] = [
  ["empty", () => "", /: it is empty$/],
  ["white space", () => "\r\n \n", /: it is empty$/],
  ["garbage", () => "\0\xffgarbage\n", /: it is not in PEM: it has no line that says BEGIN$/],
  [
    "cut off",
    (certs, name) => certs.read(name).slice(0, 120),
    /: its ".*" is damaged or cut off: there is no line .* END/,
  ],
  [
    "a line missing",
    (certs, name) => certs.read(name).replace(/\n.{64}\n/, "\n"),
    /: its ".*" is damaged or cut off: Cannot read DER: found /,
  ],
  [
    "half a group of base64",
    halved,
    /is not base64$/,
  ],
  ["a wrong character", (certs, name) => certs.read(name).replace(/\nM./, "\nM!"), /is damaged: it is not base64$/],
];
const DER: Change = (certs, name) => derOf(certs.read(name));
const BAD_CERTIFICATES: typeof TEXTS = [
  ...TEXTS,
  [
    "DER",
    DER,
    /: it is in DER, not in PEM; convert it with: openssl x509 -inform DER -in ".*\.pem" -out ".*\.pem\.new"$/,
  ],
  [
    "a request",
    (certs, name) => openssl("req", "-new", "-subj", "/CN=x", "-key", certs.path(keyOf(name))),
    /: it is a signing request, not a certificate, .*: teleworker certs server HOST --csr ".*"$/,
  ],
  ["its key", (certs, name) => certs.read(keyOf(name)), /: it has no certificate, only "PRIVATE KEY"$/],
  ["a store", (_certs, _name) => wrapped("PKCS7", Uint8Array.of(0x30, 0)), /: "PKCS7" is no certificate$/],
  [
    "a trusted certificate",
    (certs, name) => certs.converted(name, "x509", "-trustout"),
    /: it is in a format of OpenSSL's own; convert it with: openssl x509 -in ".*" -out ".*"$/,
  ],
];
const BAD_KEYS: typeof TEXTS = [
  ...TEXTS,
  ["DER", DER, /: it is in DER, not in PEM; convert it with: openssl pkey -inform DER -in ".*" -out ".*\.new"$/],
  [
    "its certificate",
    (certs, name) => certs.read(name.replace("-key", "")),
    /: it has no private key, only "CERTIFICATE"$/,
  ],
  [
    "encrypted",
    (certs, name) => certs.converted(name, "pkcs8", "-topk8", "-passout", "pass:x"),
    /: it is encrypted with a passphrase; decrypt it with: openssl pkey -in ".*" -out ".*\.new"$/,
  ],
  [
    "encrypted as of old",
    (certs, name) => certs.converted(name, "ec", "-aes128", "-passout", "pass:x"),
    /: it is encrypted with a passphrase; decrypt it with: openssl pkey -in ".*" -out ".*\.new"$/,
  ],
  [
    "a public key",
    (certs, name) => certs.converted(name, "pkey", "-pubout"),
    /: it is a public key, not a private one$/,
  ],
  ["two keys", (certs, name) => certs.read(name) + certs.read("client-bob-key.pem"), /: it has 2 private keys$/],
  ["another's key", (certs) => certs.read("client-bob-key.pem"), /: it is not that of the certificate "/],
  [
    "no key inside",
    () => wrapped("PRIVATE KEY", Uint8Array.of(0x30, 0)),
    /: it is damaged, or of a kind that is unknown$/,
  ],
];
const BAD_AUTHORITIES: typeof TEXTS = [
  ...BAD_CERTIFICATES.filter(([what]) => what !== "its key"),
  [
    "its key beside it",
    (certs, name) => certs.read(name) + certs.read(keyOf(name)),
    /: "PRIVATE KEY" is no certificate$/,
  ],
  ["DER inside damaged", () => wrapped("CERTIFICATE", Uint8Array.of(0x30, 0)), /: it is damaged: cannot read DER: /],
];

/** Changes a file, asks, and puts it back. */
async function changed<T>(certs: Certificates, name: string, change: Change, ask: () => Promise<T>): Promise<T> {
  const before = certs.read(name);
  await certs.write(name, await change(certs, name));
  try {
    return await ask();
  } finally {
    await certs.write(name, before);
  }
}

/** What `teleworkerd check` says of the certificates. */
async function checked(certs: Certificates): Promise<string> {
  const { stdout } = await teleworkerd(["check", "--certs", certs.folder.path, "--state-dir", certs.path("state")]);
  return /^ {2}(?:ok|no) +certificates: .*$/m.exec(stdout)?.[0] ?? stdout;
}

Deno.test("daemon: PEM files in any usual form → used", async () => {
  await using certs = await Certificates.create();
  for (const [what, change] of Object.entries(GOOD_CERTIFICATES)) {
    match(await changed(certs, "server.pem", change, () => checked(certs)), /^ {2}ok .* can be used/, what);
  }
  for (const [what, change] of Object.entries(GOOD_KEYS)) {
    match(await changed(certs, "server-key.pem", change, () => checked(certs)), /^ {2}ok .* can be used/, what);
  }
});

Deno.test("daemon: PEM file with a fault → check names file, fault and cure", async () => {
  await using certs = await Certificates.create();
  const tables = [["server.pem", BAD_CERTIFICATES], ["server-key.pem", BAD_KEYS], ["ca.pem", BAD_AUTHORITIES]] as const;
  for (const [name, table] of tables) {
    for (const [what, change, fault] of table) {
      const said = await changed(certs, name, change, () => checked(certs));
      match(said, new RegExp(`^  no   certificates: Cannot [a-z ]+ ".*/${name}": `), what);
      match(said, fault, what);
    }
  }
});

Deno.test("client: PEM files → the same forms used, the same faults named", async () => {
  await using daemon = await Daemon.start();
  await using certs = await Certificates.create();
  for (const name of ["ca.pem", "client-alice.pem", "client-alice-key.pem", "client-bob-key.pem"]) {
    await certs.write(name, await Deno.readTextFile(join(daemon.certs, name)));
  }
  await certs.write("ca-key.pem", await Deno.readTextFile(join(daemon.certs, "ca-key.pem")));
  const list = () => teleworker({ address: daemon.address, certs: certs.folder.path }, ["list"]);
  const good = [["client-alice.pem", GOOD_CERTIFICATES], ["client-alice-key.pem", GOOD_KEYS]] as const;
  for (const [name, table] of good) {
    for (const [what, change] of Object.entries(table)) {
      const { code, stderr } = await changed(certs, name, change, list);
      deepEqual([code, stderr], [0, ""], `${name}: ${what}`);
    }
  }
  const bad = [
    ["client-alice.pem", BAD_CERTIFICATES],
    ["client-alice-key.pem", BAD_KEYS],
    ["ca.pem", BAD_AUTHORITIES],
  ] as const;
  for (const [name, table] of bad) {
    for (const [what, change, fault] of table) {
      const { code, stdout, stderr } = await changed(certs, name, change, list);
      deepEqual([code, stdout], [1, ""], what);
      match(stderr.trimEnd(), new RegExp(`^teleworker: Cannot [a-z ]+ ".*/${name}": [^\n]*$`), what);
      match(stderr.trimEnd(), fault, what);
    }
  }
});

Deno.test("daemon: start and reload of damaged files, lists too → file and fault", async () => {
  await using daemon = await Daemon.start();
  const path = (name: string) => join(daemon.certs, name);
  const read = (name: string) => Deno.readTextFileSync(path(name));
  const [server, key, ca] = [read("server.pem"), read("server-key.pem"), read("ca.pem")];
  const list = await makeListOf({ certificatePem: ca, privateKeyPem: read("ca-key.pem") }, [], null, -1, 24);
  const faults = [
    ["server.pem", derOf(server), "it is in DER, not in PEM"],
    ["ca.pem", ca.slice(0, 99), "is damaged or cut off"],
    ["crl.pem", derOf(list), "it is in DER, not in PEM; convert it with: openssl crl -inform DER -in .*/crl.pem"],
    ["crl.pem", derOf(ca), "it is a certificate in DER, not a revocation list in PEM"],
  ] as const;
  for (const [name, content, fault] of faults) {
    const before = await Deno.readTextFile(path(name)).catch(() => null);
    const from = daemon.log.length;
    await Deno.writeFile(path(name), typeof content === "string" ? new TextEncoder().encode(content) : content);
    const said = new RegExp(`Refused a change .*Cannot [a-z ]+ [^ ]*/${name.replace(".", "\\.")}.*: .*${fault}`);
    await daemon.logged(said, from);
    const { code, stderr } = await teleworkerd(["--certs", daemon.certs, "--state-dir", join(daemon.folder.path, "s")]);
    equal(code, 1);
    match(stderr, new RegExp(`^teleworkerd: Cannot [a-z ]+ ".*/${name}": .*${fault}`), stderr);
    if (before === null) await Deno.remove(path(name));
    else await replace(path(name), before);
    await daemon.logged(/The certificates are good again/, from);
  }
  // One file in a form that the TLS library would not read, at a reload and at a start.
  const both = `\ufeff${key}${server}`.replaceAll("\n", "\r\n").replaceAll(/^/gm, "  ");
  await replace(path("server.pem"), both);
  await replace(path("server-key.pem"), both);
  await replace(path("ca.pem"), ` ${ca}`);
  for (const run of [() => Promise.resolve(), () => daemon.end().then(() => daemon.run())]) {
    await run();
    const { code, stderr } = await teleworker(daemon, ["list"]);
    deepEqual([code, stderr], [0, ""]);
  }
});

Deno.test("certs show, list and renew: damaged file → named; key beside → shown", async () => {
  await using certs = await Certificates.create();
  const run = (...args: string[]) => teleworker({ address: "", certs: certs.folder.path }, ["certs", ...args]);
  const name = "client-alice.pem";
  for (const [what, change, fault] of BAD_CERTIFICATES.filter(([what]) => /^(?:DER|cut off|empty)$/.test(what))) {
    await changed(certs, name, change, async () => {
      const listed = await run("list");
      equal(listed.code, 1);
      match(listed.stderr.trimEnd(), new RegExp(`^teleworker: Cannot read certificate ".*/${name}": `));
      match(listed.stderr.trimEnd(), fault, what);
      const renewed = await run("renew", "alice");
      deepEqual([renewed.code, renewed.stdout], [1, ""]);
      match(renewed.stderr.trimEnd(), new RegExp(`^teleworker: Cannot use the certificate ".*/${name}": `));
      match(renewed.stderr.trimEnd(), fault, what);
      const shown = await run("show", name);
      equal(shown.code, 1);
      match(shown.stderr, new RegExp(`^teleworker: Cannot show ".*${name}": `));
    });
  }
  const shown = await changed(
    certs,
    name,
    (...these) => GOOD_CERTIFICATES["its key before it"]?.(...these) ?? "",
    async () => {
      return await run("show", name);
    },
  );
  match(shown.stdout, /^certificate .*CN=alice\n/);
  const ca = certs.read("ca.pem");
  await certs.write("ca.pem", ca.slice(0, 99));
  for (
    const args of [["list"], ["client", "zoe"], ["renew", "alice"], ["revoke", "alice"], [
      "server",
      "a.example",
      "--force",
    ]]
  ) {
    const { code, stderr } = await run(...args);
    equal(code, 1, `${args}`);
    match(stderr, /^teleworker: Cannot [a-z ]+ ".*\/ca\.pem": its "CERTIFICATE" is damaged or cut off: /, `${args}`);
  }
});
