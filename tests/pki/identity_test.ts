import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
} from "@peculiar/x509";
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createAuthority } from "../../lib/pki/authority.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { DerReader, DerTag, readSingle } from "../../lib/pki/der_reader.ts";
import { identify, IdentityError } from "../../lib/pki/identity.ts";
import { decodeCertificates } from "../../lib/pki/pem.ts";
import { issueServerCertificate } from "../../lib/pki/server_certificate.ts";
import { makeCertificate, type Request, withVersion } from "./make_certificate.ts";
import { describe, KEYS, makeWithOpenssl, serialOf } from "./openssl.ts";

const ADMIN = "1.3.6.1.4.1.12345.1.1";
const USER = "1.3.6.1.4.1.12345.1.2";

const single = (pem: string): Uint8Array<ArrayBuffer> => decodeCertificates(pem)[0] ?? new Uint8Array();
const extension = (type: string, hex: string, critical = false) =>
  new Extension(type, critical, Uint8Array.fromHex(hex));

function refuses(der: Uint8Array, reason: RegExp, now?: Date): void {
  assert.throws(() => identify(der, now), (error) => {
    assert.ok(error instanceof IdentityError, `${error}`);
    assert.match(error.message, /^Cannot accept client certificate/);
    assert.match(error.message, reason);
    if (error.certificate !== undefined) {
      const { subject, serial } = error.certificate;
      assert.ok(error.message.startsWith(`Cannot accept client certificate "${subject}" (serial ${serial}): `));
    }
    return true;
  });
}

Deno.test("identify reads name, role and serial number of the certificates made here", async () => {
  const authority = await createAuthority();
  for (const role of ["admin", "user", "operator"] as const) {
    for (const name of ["alice", "ren\u00e9", "Alice Ω", "a@b.c", "李", "a".repeat(64), "😀".repeat(64)]) {
      const { certificatePem } = await issueClientCertificate(authority, name, { role });
      const serial = await serialOf(certificatePem);
      assert.deepEqual(identify(single(certificatePem)), { name, role, serial });
    }
  }
});

Deno.test("identify takes a Buffer, as node:tls gives it", async () => {
  const { certificatePem } = await issueClientCertificate(await createAuthority(), "alice");
  assert.equal(identify(Buffer.concat([single(certificatePem)])).name, "alice");
});

for (const key of KEYS.keys()) {
  Deno.test(`identify reads ${key} certificates of OpenSSL`, async () => {
    const usual = ["basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth"];
    const operator = await makeWithOpenssl({ key, subject: "/C=DE/O=Acme/CN=alice", extensions: usual });
    const serial = await serialOf(operator.certificatePem);
    assert.deepEqual(identify(operator.der), { name: "alice", role: "operator", serial });
    const admin = await makeWithOpenssl({ key, extensions: [...usual, `${ADMIN}=ASN1:NULL`] });
    assert.equal(identify(admin.der).role, "admin");
  });
}

for (
  const [lines, role] of [
    [[`${ADMIN}=ASN1:NULL`], "admin"],
    [[`${ADMIN}=ASN1:UTF8String:admin`], "admin"],
    [[`${ADMIN}=critical,ASN1:UTF8:whatever`], "admin"],
    [[`${ADMIN}=DER:05:00`], "admin"],
    [[`${USER}=ASN1:NULL`], "user"],
    [[`${USER}=ASN1:UTF8String:user`], "user"],
    [["1.3.6.1.4.1.12345.1.3=ASN1:NULL"], "operator"],
    [["1.3.6.1.4.1.12345.1=ASN1:NULL"], "operator"],
    [["subjectAltName=critical,DNS:admin", "extendedKeyUsage=critical,serverAuth,clientAuth"], "operator"],
    [["basicConstraints=critical,CA:FALSE"], "operator"],
    [["keyUsage=digitalSignature,keyEncipherment"], "operator"],
  ] as const
) {
  Deno.test(`identify reads role ${role} of OpenSSL's ${lines.join(" and ")}`, async () => {
    assert.equal(identify((await makeWithOpenssl({ extensions: lines })).der).role, role);
  });
}

for (
  const [options, reason] of [
    [
      { extensions: ["basicConstraints=CA:TRUE"] },
      /"alice" \(serial [0-9a-f]+\): it belongs to a certificate authority$/,
    ],
    [{ extensions: ["basicConstraints=critical,CA:TRUE,pathlen:0"] }, /belongs to a certificate authority/],
    [{ extensions: ["extendedKeyUsage=serverAuth"] }, /it is not for clients/],
    [{ extensions: ["extendedKeyUsage=anyExtendedKeyUsage"] }, /it is not for clients/],
    [{ extensions: ["keyUsage=keyEncipherment"] }, /its key may not sign/],
    [{ extensions: [`${ADMIN}=ASN1:NULL`, `${USER}=ASN1:NULL`] }, /it has the roles admin and user/],
    [{ extensions: [`${ADMIN}=ASN1:BOOLEAN:TRUE`] }, /its role extension is malformed/],
    [{ extensions: [`${ADMIN}=ASN1:IA5STRING:admin`] }, /its role extension is malformed/],
    [{ extensions: [`${USER}=ASN1:UTF8String:`] }, /its role extension is malformed/],
    [{ extensions: [`${USER}=DER:05:00:00`] }, /cannot be read/],
    [{ extensions: [`${USER}=DER:05`] }, /cannot be read/],
    [{ extensions: ["1.2.3.4=critical,ASN1:NULL"] }, /its critical extension "1.2.3.4" is unknown/],
    [
      { subject: "/O=Acme", extensions: ["basicConstraints=CA:FALSE"] },
      /"Acme" \(serial [0-9a-f]+\): it has no common name/,
    ],
    [
      { subject: "/", extensions: ["basicConstraints=CA:FALSE"] },
      /"serial [0-9a-f]+" \(serial [0-9a-f]+\): it has no common name/,
    ],
    [{ subject: "/CN=alice/CN=bob", extensions: ["basicConstraints=CA:FALSE"] }, /more than one common name/],
    [{ subject: "/CN=alice+CN=bob", extensions: ["basicConstraints=CA:FALSE"] }, /more than one common name/],
    [{ subject: "/CN=al\u202eice", extensions: ["basicConstraints=CA:FALSE"] }, /"al\\u202eice" .* cannot be seen/],
    [{ subject: "/CN=al\nice", extensions: ["basicConstraints=CA:FALSE"] }, /"al\\nice" .* cannot be seen/],
  ] as const
) {
  Deno.test(`identify refuses OpenSSL's ${JSON.stringify(options)}`, async () => {
    refuses((await makeWithOpenssl(options)).der, reason);
  });
}

const requests: [name: string, request: Request, reason: RegExp][] = [
  ["an empty common name", { subject: [{ CN: [{ utf8String: "" }] }] }, /its common name is empty/],
  ["a common name of 65 characters", { subject: [{ CN: ["a".repeat(65)] }] }, /more than 64 characters/],
  ["a common name of 65 wide characters", { subject: [{ CN: ["😀".repeat(65)] }] }, /more than 64 characters/],
  ["a huge common name", { subject: [{ CN: ["a".repeat(50_000)] }] }, /more than 64 characters/],
  ["two common names", { subject: [{ CN: ["alice"] }, { CN: ["alice"] }] }, /more than one common name/],
  ["a common name with NUL", { subject: [{ CN: [{ utf8String: "alice\0bob" }] }] }, /cannot be seen or printed/],
  ["a common name with a byte order mark", { subject: [{ CN: ["\ufeffalice"] }] }, /cannot be seen or printed/],
  ["a common name with an escape sequence", { subject: [{ CN: ["\x1b[31malice"] }] }, /cannot be seen or printed/],
  ["a common name with a C1 control", { subject: [{ CN: ["alice\x9b"] }] }, /cannot be seen or printed/],
  ["a common name with a line separator", { subject: [{ CN: ["alice\u2028"] }] }, /cannot be seen or printed/],
  ["a common name with an isolate", { subject: [{ CN: ["\u2066alice"] }] }, /cannot be seen or printed/],
  ["a common name with a filler", { subject: [{ CN: ["alice\u3164"] }] }, /cannot be seen or printed/],
  ["a common name with empty Braille", { subject: [{ CN: ["alice\u2800"] }] }, /cannot be seen or printed/],
  ["a common name with an odd space", { subject: [{ CN: ["alice\u00a0b"] }] }, /cannot be seen or printed/],
  ["a common name of spaces", { subject: [{ CN: ["   "] }] }, /cannot be seen or printed/],
  ["a common name that ends with a space", { subject: [{ CN: ["alice "] }] }, /cannot be seen or printed/],
  ["a common name with a decomposed letter", { subject: [{ CN: ["rene\u0301"] }] }, /is not in .* form NFC/],
  ["a common name in UTF-16", { subject: [{ CN: [{ bmpString: "alice" }] }] }, /cannot be read/],
  ["a certificate that has expired", { from: -2, until: -1 }, /it has expired at 20/],
  ["a certificate that is not valid yet", { from: 1 }, /it is not valid before 20/],
  ["CA:TRUE", { extensions: [new BasicConstraintsExtension(true)] }, /belongs to a certificate authority/],
  ["basic constraints that are empty", { extensions: [extension("2.5.29.19", "")] }, /cannot be read/],
  ["basic constraints that are neither", { extensions: [extension("2.5.29.19", "3003010101")] }, /cannot be read/],
  ["basic constraints with something else", { extensions: [extension("2.5.29.19", "30020500")] }, /cannot be read/],
  ["a key that may only sign certificates", {
    extensions: [new KeyUsagesExtension(KeyUsageFlags.keyCertSign)],
  }, /its key may not sign/],
  ["an empty key usage", { extensions: [extension("2.5.29.15", "030100")] }, /its key may not sign/],
  ["a key usage that is none", { extensions: [extension("2.5.29.15", "0500")] }, /cannot be read/],
  ["a key usage without a byte", { extensions: [extension("2.5.29.15", "0300")] }, /cannot be read/],
  ["the certificate of a server", {
    extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth])],
  }, /it is not for clients/],
  ["an empty extended key usage", { extensions: [extension("2.5.29.37", "3000")] }, /it is not for clients/],
  ["an extended key usage that is none", { extensions: [extension("2.5.29.37", "0500")] }, /cannot be read/],
  ["both roles", { extensions: [extension(ADMIN, "0500"), extension(USER, "0500")] }, /the roles admin and user/],
  ["a role twice", { extensions: [extension(USER, "0500"), extension(USER, "0500")] }, /cannot be read/],
  ["a role with an empty value", { extensions: [extension(ADMIN, "")] }, /cannot be read/],
  ["a role with an empty text", { extensions: [extension(ADMIN, "0c00")] }, /its role extension is malformed/],
  ["a role with a text that is not UTF-8", { extensions: [extension(ADMIN, "0c01ff")] }, /cannot be read/],
  ["a role with a text that is cut off", { extensions: [extension(ADMIN, "0c0561")] }, /cannot be read/],
  ["a role with more than NULL", { extensions: [extension(ADMIN, "05000500")] }, /cannot be read/],
  ["a role with a NULL that has content", { extensions: [extension(ADMIN, "050100")] }, /extension is malformed/],
  ["a role with a text of BER", { extensions: [extension(ADMIN, "2c800c01610000")] }, /cannot be read/],
  ["a role with bare text", { extensions: [extension(ADMIN, "61646d696e")] }, /cannot be read/],
];
for (const [name, request, reason] of requests) {
  Deno.test(`identify refuses ${name}`, async () => refuses(await makeCertificate(request), reason));
}

Deno.test("identify refuses certificates of versions 1 and 2", async () => {
  const der = await makeCertificate({});
  assert.equal(identify(der).name, "alice");
  for (const version of [1, 2] as const) {
    const old = withVersion(version, der);
    const pem = `-----BEGIN CERTIFICATE-----\n${old.toBase64()}\n-----END CERTIFICATE-----\n`;
    assert.match(await describe(pem), new RegExp(`Version: ${version} `));
    refuses(old, new RegExp(`"alice" \\(serial [0-9a-f]+\\): it is X.509 version ${version}, not 3`));
  }
});

Deno.test("identify refuses versions that are padded, unknown or should have been left out (X.690, 11.5)", async () => {
  const der = await makeCertificate({});
  const offset = der.findIndex((_, index) => der.subarray(index, index + 5).toHex() === "a003020102") + 4;
  for (const version of [0, 3, 0x7f, 0xff]) {
    const changed = der.slice();
    changed[offset] = version;
    refuses(changed, /it cannot be read$/);
  }
  refuses(replaceVersion(der, "a00402020002"), /it cannot be read$/);
  refuses(replaceVersion(der, "a00402020200"), /it cannot be read$/);
  assert.equal(identify(replaceVersion(der, "a003020102")).name, "alice");
});

Deno.test("identify refuses a certificate whose two signature algorithms differ (RFC 5280, 4.1.1.2)", async () => {
  const der = await makeCertificate({});
  const sha256 = "06082a8648ce3d040302";
  assert.equal(der.toHex().split(sha256).length, 3);
  for (const offset of [der.toHex().indexOf(sha256), der.toHex().lastIndexOf(sha256)]) {
    const changed = der.slice();
    changed[offset / 2 + 9] = 0x03; // ecdsa-with-SHA384
    refuses(changed, /it cannot be read$/);
  }
});

/** The same certificate with other bytes in the place of its version; its signature is no longer right. */
function replaceVersion(der: Uint8Array, version: string): Uint8Array {
  const sequence = (content: string) => {
    const length = (content.length / 2).toString(16);
    return `30${length.length === 2 ? "81" : "820"}${length}${content}`; // of 128 to 4095 bytes
  };
  const frame = new DerReader(readSingle(der, DerTag.sequence));
  const tbs = frame.read(DerTag.sequence).toHex().replace("a003020102", version);
  const rest = frame.whole(DerTag.sequence).toHex() + frame.whole(DerTag.bitString).toHex();
  return Uint8Array.fromHex(sequence(sequence(tbs) + rest));
}

Deno.test("identify refuses the authority's and the server's own certificates", async () => {
  const authority = await createAuthority();
  refuses(single(authority.certificatePem), /belongs to a certificate authority/);
  refuses(single((await issueServerCertificate(authority, ["localhost"])).certificatePem), /it is not for clients/);
});

Deno.test("identify accepts both ends of the validity and nothing outside", async () => {
  const { certificatePem } = await issueClientCertificate(await createAuthority(), "alice");
  const der = single(certificatePem);
  const { validFromDate: from, validToDate: until } = new X509Certificate(certificatePem);
  for (const now of [from, until]) assert.equal(identify(der, now).name, "alice");
  refuses(der, /"alice" \(serial [0-9a-f]+\): it is not valid before/, new Date(from.getTime() - 1));
  refuses(der, /"alice" \(serial [0-9a-f]+\): it has expired at/, new Date(until.getTime() + 1));
  refuses(der, /it is not valid before/, new Date(NaN));
});
