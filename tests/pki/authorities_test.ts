import fc from "fast-check";
import { deepEqual, doesNotThrow, equal, match, throws } from "../support/assert.ts";
import { Authorities } from "../../lib/pki/authorities.ts";
import { createAuthority } from "../../lib/pki/authority.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { parseCertificate } from "../../lib/pki/certificate.ts";
import { parseRevocationList } from "../../lib/pki/crl.ts";
import { IdentityError } from "../../lib/pki/identity.ts";
import { encodePem } from "../../lib/pki/pem.ts";
import { derOf, makeCertificate } from "./make_certificate.ts";
import { derOfList, makeList, makeListOf, serialOf } from "./make_list.ts";
import { KEYS, makeWithOpenssl } from "./openssl.ts";

const AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];

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

Deno.test("Authorities takes no list that is older than the one in force, and all others of the file", async () => {
  const [one, other] = [await createAuthority(), await createAuthority()];
  const [alice, bob] = [await issueClientCertificate(one, "alice"), await issueClientCertificate(other, "bob")];
  const [alices, bobs] = [await serialOf(alice), await serialOf(bob)];
  const both = Authorities.parse(one.certificatePem + other.certificatePem);
  const aliceIs = (authorities: Authorities, out: boolean) => {
    if (out) throws(() => authorities.check(derOf(alice)), refused(/it was revoked$/));
    else authorities.check(derOf(alice));
  };
  // The number, the time, those of the list that comes then, and whether it is older.
  const cases = [
    [null, 0, null, -1, true],
    [null, 0, null, 0, false],
    [null, 0, null, 1, false],
    [5, 0, 4, 0, true],
    [5, 0, 4, 1, true],
    [5, 0, 5, -1, true],
    [5, 0, 6, -1, false],
    [5, 0, null, -1, true],
    [null, 0, 1, 1, false],
  ] as const;
  for (const [number, hours, nextNumber, nextHours, older] of cases) {
    const inForce = both.withRevocations(await makeListOf(one, [alices], number, hours));
    const next = await makeListOf(one, [], nextNumber, nextHours);
    const lists = [next, next + await makeListOf(other, [bobs], null, -5)];
    lists.push(lists[1]?.split(/(?<=END X509 CRL-----\n)/).reverse().join("") ?? "");
    for (const [index, pem] of lists.entries()) {
      const revoked = inForce.withRevocations(pem);
      aliceIs(revoked, older);
      deepEqual(revoked.olderLists, older ? ['"Teleworker CA"'] : []);
      if (index > 0) throws(() => revoked.check(derOf(bob)), refused(/it was revoked$/));
      // That it was refused once changes nothing, nor does the same list again.
      aliceIs(revoked.withRevocations(pem), older);
    }
    // What is in force may come again, also beside an older one.
    const again = await makeListOf(one, [alices], number, hours + 0.001) + next;
    if (older) {
      aliceIs(inForce.withRevocations(again), true);
      deepEqual(inForce.withRevocations(again).olderLists, []);
    }
  }
});

const KEY_IDENTIFIER = ["authorityKeyIdentifier=keyid"];

Deno.test("Authorities uses its own lists beside those of others, and says whose it does not use", async () => {
  const [own, namesake] = [await createAuthority(), await createAuthority()];
  const other = await makeWithOpenssl({ subject: "/CN=Acme/CN=\u202eroot", extensions: AUTHORITY });
  const [alice, bob] = [await issueClientCertificate(own, "alice"), await issueClientCertificate(own, "bob")];
  const authorities = Authorities.parse(own.certificatePem);
  const ours = await makeList(own, [await serialOf(alice)]);
  const others = await makeList(other, [await serialOf(bob)]);
  const namesakes = await makeList(namesake, [await serialOf(bob)], KEY_IDENTIFIER);
  for (const lists of [ours + others + namesakes, namesakes + others + ours]) {
    const revoked = authorities.withRevocations(lists);
    throws(() => revoked.check(derOf(alice)), refused(/it was revoked$/));
    revoked.check(derOf(bob));
    const [one = "", second = ""] = revoked.foreignLists.toSorted();
    deepEqual([one, /^"Teleworker CA" \(key [0-9a-f]{40}\)$/.test(second)], ['"Acme, \\u202eroot"', true]);
    // Others' alone change nothing.
    throws(() => revoked.withRevocations(others).check(derOf(alice)), refused(/it was revoked$/));
    throws(() => revoked.withRevocationsOf(revoked).check(derOf(alice)), refused(/it was revoked$/));
  }
  deepEqual(authorities.withRevocations(ours).foreignLists, []);
});

Deno.test("Authorities refuses a file with a list that says it is of one of them and is not, with all that is in it", async () => {
  const [own, namesake] = [await createAuthority(), await createAuthority()];
  const authorities = Authorities.parse(own.certificatePem);
  const wrong = /^Error: Cannot use revocation list of "Teleworker CA": its signature is wrong; copy it again from /;
  const ours = await makeList(own, []);
  // It does not say which key of the name, or says a wrong one.
  const unspecific = await makeList(namesake, []);
  const der = derOfList(await makeList(own, [], KEY_IDENTIFIER));
  der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
  for (const lists of [ours + unspecific, unspecific + ours, encodePem("X509 CRL", der)]) {
    throws(() => authorities.withRevocations(lists), wrong);
  }
  Authorities.parse(own.certificatePem + namesake.certificatePem).withRevocations(ours + unspecific);
});

Deno.test("Authorities believes no list of an authority whose key may not sign lists (RFC 5280, 6.3.3)", async () => {
  const ca = await makeWithOpenssl({
    subject: "/CN=ca",
    extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"],
  });
  const list = await makeList(ca, []);
  throws(
    () => Authorities.parse(ca.certificatePem).withRevocations(list),
    /^Error: Cannot use revocation list of "ca": its authority's key may not sign lists \(cRLSign is missing\)$/,
  );
});

Deno.test("Authorities says until when it lets in, and lets nobody in before its authority is valid", async () => {
  const ca = await createAuthority({ days: 1 });
  // One that ends after its authority, as others make them.
  const alice = await makeCertificate({ issuer: ca, until: 2 * 24 * 60 });
  const authorities = Authorities.parse(ca.certificatePem);
  const { notBefore, notAfter } = parseCertificate(derOf(ca));
  deepEqual(authorities.check(alice), notAfter);
  deepEqual(authorities.check(alice, notAfter), notAfter);
  throws(() => authorities.check(alice, new Date(notAfter.getTime() + 1)), refused(/its authority has expired$/));
  throws(() => authorities.check(alice, new Date(notBefore.getTime() - 1)), refused(/its authority is not valid yet$/));
  throws(() => authorities.check(alice, new Date(NaN)), refused(/its authority is not valid yet$/));
  const longer = await createAuthority();
  const bob = derOf(await issueClientCertificate(longer, "bob", { days: 1 }));
  deepEqual(Authorities.parse(longer.certificatePem).check(bob), parseCertificate(bob).notAfter);
});

Deno.test("Authorities takes no list that is changed, of others, critical, or none", async () => {
  const ca = await createAuthority();
  const authorities = Authorities.parse(ca.certificatePem);
  const list = await makeList(ca, ["0A"]);
  const der = derOfList(list);
  const pem = (bytes: Uint8Array) => `-----BEGIN X509 CRL-----\n${bytes.toBase64()}\n-----END X509 CRL-----\n`;
  doesNotThrow(() => authorities.withRevocations(pem(der)));
  for (const text of ["", "text", ca.certificatePem, list.slice(0, -30), pem(der.subarray(1)), pem(new Uint8Array())]) {
    throws(() => authorities.withRevocations(text), /^(Syntax)?Error: Cannot read revocation list: /);
  }
  const critical = await makeList(ca, [], ["1.2.3.4=critical,ASN1:NULL"]);
  throws(() => authorities.withRevocations(critical), /its critical extension "1\.2\.3\.4" is unknown/);
  for (const mark of ["critical,", ""]) {
    const some = await makeList(ca, [], [`issuingDistributionPoint=${mark}@point`, "[point]", "onlyuser=TRUE"]);
    throws(() => authorities.withRevocations(some), /by its extension "2\.5\.29\.28" it is not a whole list/);
    const difference = await makeList(ca, [], [`2.5.29.27=${mark}ASN1:INTEGER:1`]);
    throws(() => authorities.withRevocations(difference), /by its extension "2\.5\.29\.27" it is not a whole list/);
  }
  // Whichever bit is turned over: nobody has signed that. In another's name it revokes nothing.
  fc.assert(fc.property(fc.nat(der.length * 8 - 1), (bit) => {
    const turned = Uint8Array.from(der, (byte, index) => index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte);
    try {
      const { foreignLists, nextUpdate } = authorities.withRevocations(pem(turned));
      deepEqual({ number: foreignLists.length, nextUpdate }, { number: 1, nextUpdate: undefined });
    } catch (error) {
      match(String(error), /^(Syntax)?Error: Cannot (read|use) revocation list/);
    }
  }));
});

Deno.test("parseRevocationList says what is in a list, and nothing but SyntaxError of what is none", async () => {
  const ca = await createAuthority();
  const der = derOfList(await makeList(ca, ["00FF", "0A", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"]));
  const { revocations, nextUpdate } = parseRevocationList(der);
  deepEqual([...revocations.keys()], ["a", "ff", `7${"f".repeat(39)}`]);
  deepEqual([...new Set(revocations.values())].map((since) => since.toISOString())[0], "2025-01-01T00:00:00.000Z");
  equal((nextUpdate?.getTime() ?? 0) > Date.now(), true);
  const anything = fc.oneof(fc.uint8Array(), fc.nat(der.length).map((length) => der.subarray(0, length)));
  fc.assert(fc.property(anything, (bytes) => {
    if (bytes.length < der.length) throws(() => parseRevocationList(bytes), SyntaxError);
  }));
});
