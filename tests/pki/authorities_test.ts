import { deepEqual, doesNotThrow, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { Authorities } from "../../lib/pki/authorities.ts";
import { createAuthority } from "../../lib/pki/authority.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { decodeRevocationLists, parseRevocationList } from "../../lib/pki/crl.ts";
import { IdentityError } from "../../lib/pki/identity.ts";
import { decodeCertificates } from "../../lib/pki/pem.ts";
import { Folder } from "./folder.ts";
import { KEYS, makeWithOpenssl, openssl } from "./openssl.ts";

const AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];

interface Made {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** A list of the revoked serial numbers (upper case, whole bytes) made by OpenSSL; `lines` go into its extensions. */
async function makeList(issuer: Made, serials: readonly string[], lines: readonly string[] = []): Promise<string> {
  using folder = new Folder();
  const entries = serials.map((serial) => `R\t300101000000Z\t250101000000Z\t${serial}\tunknown\t/CN=x\n`);
  folder.write("index.txt", entries.join(""));
  const extensions = lines.length === 0 ? [] : ["crl_extensions=more"];
  const digest = issuer.privateKeyPem.length < 150 ? "default" : "sha256"; // Ed25519 keys are short, and have their own
  const own = ["[own]", `database=${folder.file("index.txt")}`, `default_md=${digest}`, ...extensions];
  const config = folder.write("openssl.cnf", ["[ca]", "default_ca=own", ...own, "[more]", ...lines, ""].join("\n"));
  const key = [
    "-cert",
    folder.write("ca.pem", issuer.certificatePem),
    "-keyfile",
    folder.write("key.pem", issuer.privateKeyPem),
  ];
  return await openssl("ca", "-config", config, ...key, "-gencrl", "-crldays", "1");
}

function derOf({ certificatePem }: Made): Uint8Array<ArrayBuffer> {
  const [der = new Uint8Array()] = decodeCertificates(certificatePem);
  return der;
}

async function serialOf({ certificatePem }: Made): Promise<string> {
  using folder = new Folder();
  const path = folder.write("certificate.pem", certificatePem);
  return (await openssl("x509", "-noout", "-serial", "-in", path)).trim().replace("serial=", "");
}

const refused = (why: RegExp) => (error: unknown) => error instanceof IdentityError && why.test(error.message);

for (const key of KEYS.keys()) {
  Deno.test(`Authorities takes certificates and lists that an ${key} authority has signed`, async () => {
    const ca = await makeWithOpenssl({ key, subject: "/CN=ca", extensions: AUTHORITY });
    const [alice, bob] = [await makeWithOpenssl({ issuer: ca }), await makeWithOpenssl({ issuer: ca })];
    const authorities = Authorities.parse(ca.certificatePem);
    for (const { der } of [alice, bob]) authorities.check(der);
    const revoked = authorities.withRevocations(await makeList(ca, [await serialOf(alice)]));
    throws(() => revoked.check(alice.der), refused(/"alice" \(serial [0-9a-f]+\): it was revoked$/));
    revoked.check(bob.der);
    // A list without entries, also of version 1, and one with harmless extensions.
    for (const list of [await makeList(ca, []), await makeList(ca, [], ["authorityKeyIdentifier=keyid"])]) {
      authorities.withRevocations(list).check(alice.der);
    }
  });
}

Deno.test("Authorities goes by the key that signed, not by the name alone", async () => {
  const [one, other] = [await createAuthority(), await createAuthority()];
  const alice = await issueClientCertificate(one, "alice");
  const both = Authorities.parse(one.certificatePem + other.certificatePem);
  both.check(derOf(alice));
  throws(
    () => Authorities.parse(other.certificatePem).check(derOf(alice)),
    refused(/no trusted authority has signed it/),
  );
  // The other authority of the same name cannot revoke it, and the one itself can, with both lists in one file.
  const serial = await serialOf(alice);
  const [ones, others] = [await makeList(one, [serial]), await makeList(other, [serial])];
  both.withRevocations(others).check(derOf(alice));
  throws(() => both.withRevocations(others + ones).check(derOf(alice)), refused(/it was revoked/));
  throws(() => both.withRevocations(ones + ones).check(derOf(alice)), refused(/it was revoked/));
  // A list of an authority that is not trusted spoils the file.
  const foreign = /^Error: Cannot use revocation list: no trusted authority has signed it$/;
  throws(() => Authorities.parse(one.certificatePem).withRevocations(ones + others), foreign);
  // What was revoked stays so when the authorities change around it, and is forgotten with its authority.
  const old = both.withRevocations(ones);
  throws(
    () => Authorities.parse(one.certificatePem).withRevocationsOf(old).check(derOf(alice)),
    refused(/it was revoked/),
  );
});

Deno.test("Authorities lets nobody in by an authority that has expired, or through one in between", async () => {
  const ca = await createAuthority({ days: 1 });
  const alice = await issueClientCertificate(ca, "alice");
  const authorities = Authorities.parse(ca.certificatePem);
  throws(
    () => authorities.check(derOf(alice), new Date(Date.now() + 2 * 86_400_000)),
    refused(/its authority has expired/),
  );
  const between = await makeWithOpenssl({ subject: "/CN=between", extensions: AUTHORITY, issuer: ca });
  const below = await makeWithOpenssl({ issuer: between });
  throws(() => authorities.check(below.der), refused(/no trusted authority has signed it/));
  Authorities.parse(ca.certificatePem + between.certificatePem).check(below.der);
});

Deno.test("Authorities goes on with the list of an authority that a new file has none of", async () => {
  const [old, young] = [await makeWithOpenssl({ subject: "/CN=old", extensions: AUTHORITY }), await createAuthority()];
  const [alice, bob] = [await makeWithOpenssl({ issuer: old }), await makeWithOpenssl({ issuer: old })];
  const authorities = Authorities.parse(old.certificatePem + young.certificatePem);
  const first = authorities.withRevocations(await makeList(old, [await serialOf(alice)]));
  const second = first.withRevocations(await makeList(young, []));
  throws(() => second.check(alice.der), refused(/it was revoked$/));
  second.check(bob.der);
  second.withRevocations(await makeList(old, [])).check(alice.der);
});

Deno.test("Authorities takes no list that is changed, of others, critical, or none", async () => {
  const ca = await createAuthority();
  const authorities = Authorities.parse(ca.certificatePem);
  const list = await makeList(ca, ["0A"]);
  const [der = new Uint8Array()] = decodeRevocationLists(list);
  const pem = (bytes: Uint8Array) => `-----BEGIN X509 CRL-----\n${bytes.toBase64()}\n-----END X509 CRL-----\n`;
  doesNotThrow(() => authorities.withRevocations(pem(der)));
  for (const text of ["", "text", ca.certificatePem, list.slice(0, -30), pem(der.subarray(1)), pem(new Uint8Array())]) {
    throws(() => authorities.withRevocations(text), /^Error: Cannot read revocation list: /);
  }
  const critical = await makeList(ca, [], ["issuingDistributionPoint=critical,@point", "[point]", "onlyuser=TRUE"]);
  throws(() => authorities.withRevocations(critical), /its critical extension "2\.5\.29\.28" is unknown/);
  // Whichever bit is turned over: nobody has signed that.
  fc.assert(fc.property(fc.nat(der.length * 8 - 1), (bit) => {
    const turned = Uint8Array.from(der, (byte, index) => index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte);
    throws(() => authorities.withRevocations(pem(turned)), /^Error: Cannot (read|use) revocation list: /);
  }));
});

Deno.test("parseRevocationList says what is in a list, and nothing but SyntaxError of what is none", async () => {
  const ca = await createAuthority();
  const [der = new Uint8Array()] = decodeRevocationLists(
    await makeList(ca, ["00FF", "0A", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"]),
  );
  const { serials, nextUpdate } = parseRevocationList(der);
  deepEqual([...serials], ["a", "ff", `7${"f".repeat(39)}`]);
  equal((nextUpdate?.getTime() ?? 0) > Date.now(), true);
  const anything = fc.oneof(fc.uint8Array(), fc.nat(der.length).map((length) => der.subarray(0, length)));
  fc.assert(fc.property(anything, (bytes) => {
    if (bytes.length < der.length) throws(() => parseRevocationList(bytes), SyntaxError);
  }));
});
