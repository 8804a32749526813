import { once } from "node:events";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { tlsConnector } from "../../../lib/client/connect.ts";
import { Failure } from "../../../lib/client/failure.ts";
import { describePem } from "../../../lib/pki/describe_pem.ts";
import { findClient } from "../../../lib/pki/find_client.ts";
import { checkStart } from "../../../lib/server/check_start.ts";
import { optionsSchema } from "../../../lib/server/options.ts";
import { makeWithOpenssl } from "../../pki/openssl.ts";
import { Daemon } from "../../support/daemon.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { OpensslRevocations } from "../../support/openssl_authority.ts";
import { teleworker } from "../../support/teleworker.ts";
import { deepEqual, equal, match, ok } from "../../support/assert.ts";
import { teleworkerd } from "../teleworkerd.ts";
import { replace, worksFor } from "./reload.ts";

const AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
const SERVER = [
  "basicConstraints=CA:FALSE",
  "extendedKeyUsage=serverAuth",
  "subjectAltName=DNS:localhost,IP:127.0.0.1",
];
const CLIENT = ["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth"];
const PSS = ["-sigopt", "rsa_padding_mode:pss"];
const pss = (digest: string, salt: string) => [`-${digest}`, ...PSS, "-sigopt", `rsa_pss_saltlen:${salt}`];

/** A kind of certificates: whether TLS can be spoken with them, or what is named where it cannot. */
interface Kind {
  /** The key of the authority. */
  readonly authority?: string;
  /** How it signs. */
  readonly signing?: readonly string[];
  /** The keys of the server and the client. */
  readonly key?: string;
  /** What the refusal names; `undefined` where all is well. */
  readonly refused?: RegExp;
  /** Whether TLS would have done: node:crypto cannot check all of these signatures. */
  readonly byUsAlone?: boolean;
}

const RSA = { authority: "RSA 2048" };
const KINDS: Readonly<Record<string, Kind>> = {
  "ECDSA P-256 SHA-256": {},
  "ECDSA P-256 SHA-384": { signing: ["-sha384"] },
  "ECDSA P-256 SHA-512": { signing: ["-sha512"] },
  "ECDSA P-256 SHA-1": { signing: ["-sha1"], refused: /is signed with ECDSA with SHA-1; / },
  "ECDSA P-384 SHA-256": { authority: "EC P-384", signing: ["-sha256"] },
  "Ed25519": { authority: "Ed25519" },
  "RSA SHA-256": RSA,
  "RSA SHA-384": { ...RSA, signing: ["-sha384"] },
  "RSA SHA-512": { ...RSA, signing: ["-sha512"] },
  "RSA SHA-1": { ...RSA, signing: ["-sha1"], refused: /is signed with RSA with SHA-1; / },
  "RSA SHA-224": { ...RSA, signing: ["-sha224"], refused: /is signed with RSA with SHA-224; / },
  "RSA-PSS SHA-256": { ...RSA, signing: pss("sha256", "digest") },
  "RSA-PSS SHA-384": { ...RSA, signing: pss("sha384", "digest") },
  "RSA-PSS SHA-512": { ...RSA, signing: pss("sha512", "digest") },
  "RSA-PSS SHA-1": { ...RSA, signing: pss("sha1", "digest"), refused: /is signed with RSA-PSS with SHA-1, / },
  "RSA-PSS longest salt": {
    ...RSA,
    signing: pss("sha256", "max"),
    refused: /with RSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 222 bytes; .*rsa_pss_saltlen:digest/,
  },
  "RSA-PSS mixed digests": {
    ...RSA,
    signing: [...pss("sha256", "digest"), "-sigopt", "rsa_mgf1_md:sha512"],
    refused: /with RSA-PSS with SHA-256, MGF1 with SHA-512 and a salt of 32 bytes; /,
  },
  "RSA-PSS key of the authority": {
    authority: "RSA-PSS 2048",
    signing: ["-sigopt", "rsa_pss_saltlen:digest"],
    refused: /its key .* kind \(RSA-PSS 2048\)/,
  },
  "RSA 1024 authority": { authority: "RSA 1024", refused: /its key .* kind \(RSA 1024\)/ },
  "P-521 authority": { authority: "EC P-521", refused: /its key .* kind \(ECDSA P-521\)/, byUsAlone: true },
  "secp256k1 authority": { authority: "EC secp256k1", refused: /its key .* kind \(ECDSA secp256k1\)/ },
  "brainpool authority": { authority: "EC brainpoolP256r1", refused: /its key .* kind \(ECDSA brainpoolP256r1\)/ },
  "Ed448 authority": { authority: "Ed448", refused: /its key .* kind \(Ed448\)|it is signed with Ed448; / },
  "P-384 keys": { key: "EC P-384" },
  "P-521 keys": { key: "EC P-521" },
  "Ed25519 keys": { key: "Ed25519" },
  "RSA 2048 keys": { key: "RSA 2048" },
  "RSA 1024 keys": { key: "RSA 1024", refused: /it has a key of RSA 1024, / },
  "RSA-PSS keys": { key: "RSA-PSS 2048", refused: /it has a key of RSA-PSS 2048, / },
  "secp256k1 keys": { key: "EC secp256k1", refused: /it has a key of ECDSA secp256k1, / },
  "brainpool keys": { key: "EC brainpoolP256r1", refused: /it has a key of ECDSA brainpoolP256r1, / },
  "Ed448 keys": { key: "Ed448", refused: /it has a key of Ed448, / },
};

type Authority = ReturnType<typeof makeWithOpenssl>;
const made = new Map<string, Authority>();

/** Makes an authority by its key, or gives the one that was made before. */
function authorityWith(key: string): Authority {
  const authority = made.get(key) ?? makeWithOpenssl({ key, subject: "/CN=ca", extensions: AUTHORITY });
  made.set(key, authority);
  return authority;
}

/** Makes an authority, a server and alice with OpenSSL in a folder. */
async function makeKind(folder: string, { authority = "EC P-256", signing = [], key = "EC P-256" }: Kind) {
  const write = async (name: string, pem: { certificatePem: string; privateKeyPem: string }) => {
    await replace(join(folder, `${name}.pem`), pem.certificatePem);
    await replace(join(folder, `${name}-key.pem`), pem.privateKeyPem);
  };
  const ca = await authorityWith(authority);
  const [server, client] = await Promise.all([
    makeWithOpenssl({ key, subject: "/CN=server", extensions: SERVER, issuer: ca, signing }),
    makeWithOpenssl({ key, subject: "/CN=alice", extensions: CLIENT, issuer: ca, signing }),
  ]);
  await write("ca", ca);
  await write("server", server);
  await write("client-alice", client);
}

/** Whether the TLS library shakes hands between the server and alice of a folder, each checking the other. */
async function shakesHands(folder: string): Promise<boolean> {
  const read = (name: string) => Deno.readTextFileSync(join(folder, name));
  const ca = read("ca.pem");
  const own = (name: string) => ({ ca, cert: read(`${name}.pem`), key: read(`${name}-key.pem`) });
  try {
    await using stack = new AsyncDisposableStack();
    const server = createServer({ ...own("server"), requestCert: true, minVersion: "TLSv1.3" }, (socket) => {
      socket.on("error", () => {}).end("hello");
    });
    server.on("tlsClientError", () => {}).listen(0, "127.0.0.1");
    stack.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
    await once(server, "listening");
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const socket = connect({ ...own("client-alice"), host: "127.0.0.1", port, servername: "localhost" });
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    stack.defer(() => {
      socket.destroy();
      return closed;
    });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    let text = "";
    for await (const chunk of socket) text += new TextDecoder().decode(chunk);
    return text === "hello";
  } catch {
    return false;
  }
}

/** What `check` says of the certificates in a folder. */
async function verdict(folder: string): Promise<{ works: boolean; message: string } | undefined> {
  const options = optionsSchema.parse({ certs: folder, stateDir: join(folder, "state"), listen: "127.0.0.1:0" });
  return (await checkStart(options, [])).find(({ name }) => name === "certificates");
}

/** Why a client cannot use the certificates in a folder; "" if it can. */
async function clientProblem(folder: string): Promise<string> {
  const credential = await findClient([folder]);
  try {
    tlsConnector("localhost", 1, credential);
    return "";
  } catch (error) {
    ok(error instanceof Failure, String(error));
    return error.message;
  }
}

Deno.test("check: any algorithm → what a handshake in both roles comes to", async () => {
  await using folder = await TemporaryFolder.create();
  for (const [name, kind] of Object.entries(KINDS)) {
    await makeKind(folder.path, kind);
    const works = kind.refused === undefined;
    equal(await shakesHands(folder.path), works || kind.byUsAlone === true, `${name}: handshake`);
    const { works: checked, message = "" } = await verdict(folder.path) ?? {};
    equal(checked, works, `${name}: ${message}`);
    match(message, kind.refused ?? /can be used/, name);
    match(await clientProblem(folder.path), kind.refused ?? /^$/, name);
    const shown: string[] = [];
    for (const file of ["ca.pem", "server.pem", "client-alice.pem"]) {
      const [facts = []] = await describePem(Deno.readTextFileSync(join(folder.path, file)));
      shown.push(facts.find(([fact]) => fact === "for")?.[1] ?? "");
    }
    if (works) deepEqual(shown, ["authority", "server", 'client "alice", operator'], name);
    else match(shown.join("\n"), kind.refused ?? /^$/, name);
  }
});

Deno.test("RSA-PSS: accepted salt → jobs, lists and requests work; other salt → named", async (t) => {
  await using daemon = await Daemon.start();
  const list = async () => await teleworker(daemon, ["list", "--identity", "alice"]);
  const restart = async (kind: Kind) => {
    await daemon.end();
    await makeKind(daemon.certs, kind);
    await daemon.run();
  };
  const bad = pss("sha256", "max");

  await t.step("a daemon and a client with such certificates, and a list of revoked ones", async () => {
    await restart({ ...RSA, signing: pss("sha256", "digest") });
    deepEqual(await list(), { code: 0, stdout: "ID  NAME  OWNER  STATE  RAN FOR  COMMAND\n", stderr: "" });
    const revocations = await OpensslRevocations.create(join(daemon.folder.path, "openssl"), daemon.certs);
    const crl = join(daemon.certs, "crl.pem");
    await replace(crl, await revocations.list("-crldays", "1", ...bad.slice(1)));
    await daemon.logged(/Refused a change .*Cannot use revocation list .*is signed with RSA-PSS .* 222 bytes/);
    await revocations.revoke("alice");
    await replace(crl, await revocations.list("-crldays", "1", ...pss("sha256", "digest").slice(1)));
    await daemon.logged(/Took in a change of .*revoked certificates/);
    equal(await worksFor(daemon, "alice"), false);
    await Deno.remove(crl);
  });

  await t.step("a client's other salt, of which the client knows before it connects", async () => {
    const ca = {
      certificatePem: Deno.readTextFileSync(join(daemon.certs, "ca.pem")),
      privateKeyPem: Deno.readTextFileSync(join(daemon.certs, "ca-key.pem")),
    };
    const alice = await makeWithOpenssl({ extensions: CLIENT, issuer: ca, signing: bad });
    await replace(join(daemon.certs, "client-alice.pem"), alice.certificatePem);
    await replace(join(daemon.certs, "client-alice-key.pem"), alice.privateKeyPem);
    const { code, stdout, stderr } = await list();
    deepEqual([code, stdout], [1, ""]);
    match(
      stderr,
      /^teleworker: Cannot use the certificate ".*client-alice\.pem": it is signed with RSA-PSS .* 222 bytes; /,
    );
  });

  await t.step("a server's other salt, at reload, check and start", async () => {
    const from = daemon.log.length;
    await makeKind(daemon.certs, { ...RSA, signing: bad });
    await daemon.logged(/Refused a change .*server\.pem.*: it is signed with RSA-PSS .* 222 bytes/, from);
    await daemon.end();
    for (const verb of [["check"], []]) {
      const { code, stdout, stderr } = await teleworkerd([
        ...verb,
        "--certs",
        daemon.certs,
        "--state-dir",
        daemon.state,
      ]);
      equal(code, 1);
      match(stdout + stderr, /Cannot use the certificate ".*server\.pem": it is signed with RSA-PSS .* 222 bytes/);
    }
    const request = ["req", "-new", "-subj", "/CN=x", "-key", join(daemon.certs, "ca-key.pem")];
    const csr = join(daemon.folder.path, "x.csr");
    const { success } = await new Deno.Command("openssl", { args: [...request, ...bad, "-out", csr] }).output();
    equal(success, true);
    const signed = await teleworker(daemon, ["certs", "client", "x", "--csr", csr, "--certs", daemon.certs]);
    match(signed.stderr, /^teleworker: Cannot read signing request.*: it is signed with RSA-PSS .* 222 bytes/);
  });
});
