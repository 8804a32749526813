import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import fc from "fast-check";
import assert from "node:assert/strict";
import { Authorities } from "../../lib/pki/authorities.ts";
import { createAuthority } from "../../lib/pki/authority.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { issueServerCertificate } from "../../lib/pki/server_certificate.ts";
import { checkServer, ServerIdentityError } from "../../lib/pki/server_identity.ts";
import { derOf, makeCertificate, type Request, withVersion } from "./make_certificate.ts";

const HOST = "build.example.org";
const DAY = 24 * 60 * 60 * 1000;

const authority = await createAuthority({ days: 365 });
const authorities = Authorities.parse(authority.certificatePem);

const dns = (value: string) => ({ type: "dns" as const, value });
const names = (...hosts: string[]) => new SubjectAlternativeNameExtension(hosts.map(dns));
/** A subjectAltName of any bytes: pairs of a GeneralName's tag and content. */
const rawNames = (...entries: [tag: number, content: Uint8Array | string][]) => {
  const content = entries.flatMap(([tag, value]) => {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
    return [tag, bytes.length, ...bytes];
  });
  return new Extension("2.5.29.17", false, new Uint8Array([0x30, content.length, ...content]));
};

/** A certificate of our authority that says this. */
const signed = async (request: Request) => await makeCertificate({ issuer: authority, ...request });

/** Why a certificate does not do for a host; "" if it does. */
function problem(der: Uint8Array, host = HOST, now?: Date): string {
  try {
    checkServer(der, host, authorities, now);
    return "";
  } catch (error) {
    assert.ok(error instanceof ServerIdentityError, String(error));
    return error.message;
  }
}

/** What is said of a certificate with these names for each of the hosts: which it is good for. */
async function goodFor(extension: Extension, hosts: readonly string[]): Promise<string[]> {
  const der = await signed({ extensions: [extension] });
  return hosts.filter((host) => problem(der, host) === "");
}

Deno.test("checkServer knows a server by its DNS names, whatever their case, with or without the last dot", async () => {
  const good = ["build.example.org", "BUILD.example.ORG", "build.example.org."];
  const bad = [
    "example.org",
    "a.build.example.org",
    "xbuild.example.org",
    "build.example.org.evil.net",
    "",
    ".",
    "127.0.0.1",
  ];
  assert.deepEqual(await goodFor(names("Build.Example.Org"), [...good, ...bad]), good);
});

Deno.test("checkServer lets a star stand for one whole first label", async () => {
  const hosts = ["a.example.org", "A.example.org", "a.example.org."];
  const others = ["example.org", ".example.org", "a.b.example.org", "a.example.com", "example.org.", "192.0.2.7"];
  assert.deepEqual(await goodFor(names("*.example.org"), [...hosts, ...others]), hosts);
  for (const name of ["*", "*.org", "*.", "a*.example.org", "*a.example.org", "a.*.example.org", "**.example.org"]) {
    assert.deepEqual(await goodFor(rawNames([0x82, name]), [...hosts, ...others, "example.org", "org"]), [], name);
  }
  // Of an address no label can be left out.
  assert.deepEqual(await goodFor(rawNames([0x82, "*.0.2.7"]), ["192.0.2.7", "1.0.2.7"]), []);
});

Deno.test("checkServer knows a server by its addresses in any spelling", async () => {
  const six = new Uint8Array([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const spellings = ["2001:db8::1", "2001:DB8::1", "2001:0db8:0:0:0:0:0:1", "2001:db8:0::0:0.0.0.1"];
  const others = ["2001:db8::2", "2001:db8::1%eth0", "::1", "2001:db8::", "192.0.2.7", "2001"];
  assert.deepEqual(await goodFor(rawNames([0x87, six]), [...spellings, ...others]), spellings);
  const mapped = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7]);
  const ofMapped = ["::ffff:192.0.2.7", "::ffff:c000:207"];
  assert.deepEqual(await goodFor(rawNames([0x87, mapped]), [...ofMapped, "192.0.2.7"]), ofMapped);
  const four = rawNames([0x87, new Uint8Array([192, 0, 2, 7])]);
  assert.deepEqual(await goodFor(four, ["192.0.2.7", "192.0.2.70", "::ffff:192.0.2.7", "192.0.2.7."]), ["192.0.2.7"]);
  for (const length of [0, 3, 5, 8, 17]) {
    const odd = await signed({ extensions: [rawNames([0x82, HOST], [0x87, new Uint8Array(length)])] });
    assert.equal(problem(odd), "cannot be read");
  }
});

Deno.test("checkServer takes no address from a DNS name, and no name from what is none", async () => {
  const address = rawNames([0x82, "192.0.2.7"]);
  assert.equal(problem(await signed({ extensions: [address] }), "192.0.2.7"), "names no host");
  const others = [
    "build.example.org\0.evil.net",
    "build.example.org ",
    "build..example.org",
    `${HOST}.`,
    "",
    "\u001b[2J",
    "é.org",
  ];
  for (const name of others) {
    assert.equal(
      problem(await signed({ extensions: [rawNames([0x82, name])] })),
      "names no host",
      JSON.stringify(name),
    );
  }
  // An e-mail address, a URI and a registered id are no hosts.
  const foreign = rawNames([0x81, HOST], [0x86, HOST], [0x88, HOST]);
  assert.equal(problem(await signed({ extensions: [foreign] })), "names no host");
});

Deno.test("checkServer does not look at the common name", async () => {
  const subject = [{ CN: [HOST] }];
  assert.equal(problem(await signed({ subject })), "names no host");
  assert.equal(
    problem(await signed({ subject, extensions: [names("a.example.org", "b.example.org")] })),
    `is not for "${HOST}", but for "a.example.org", "b.example.org"`,
  );
});

Deno.test("checkServer refuses what is not for servers", async () => {
  const one = async (...extensions: Extension[]) => problem(await signed({ extensions: [names(HOST), ...extensions] }));
  const { clientAuth, serverAuth, codeSigning } = ExtendedKeyUsage;
  assert.equal(await one(new ExtendedKeyUsageExtension([serverAuth, clientAuth])), "");
  assert.equal(await one(new ExtendedKeyUsageExtension([clientAuth, codeSigning])), "is not for servers");
  // anyExtendedKeyUsage is not enough.
  assert.equal(await one(new ExtendedKeyUsageExtension(["2.5.29.37.0"])), "is not for servers");
  assert.equal(await one(new BasicConstraintsExtension(false, undefined, true)), "");
  assert.equal(await one(new BasicConstraintsExtension(true, undefined, true)), "belongs to a certificate authority");
  assert.equal(problem(derOf(authority)), "belongs to a certificate authority");
  assert.equal(await one(new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)), "");
  const noSigning = KeyUsageFlags.keyAgreement | KeyUsageFlags.keyEncipherment;
  assert.equal(await one(new KeyUsagesExtension(noSigning, true)), "is of a key that may not sign");
  const alice = derOf(await issueClientCertificate(authority, "alice"));
  assert.equal(problem(alice, "alice"), "is not for servers");
});

Deno.test("checkServer refuses a critical extension that it does not know, and takes others", async () => {
  const one = async (type: string, critical: boolean, hex: string) =>
    problem(await signed({ extensions: [names(HOST), new Extension(type, critical, Uint8Array.fromHex(hex))] }));
  assert.equal(await one("1.2.3.4", true, "0500"), 'has an unknown critical extension "1.2.3.4"');
  assert.equal(await one("1.2.3.4", false, "0500"), "");
  // Name constraints, which we do not look at.
  assert.equal(await one("2.5.29.30", true, "3000"), 'has an unknown critical extension "2.5.29.30"');
});

Deno.test("checkServer refuses versions 1 and 2", async () => {
  const der = await signed({ extensions: [names(HOST)] });
  for (const version of [1, 2] as const) {
    assert.equal(problem(withVersion(version, der, authority)), `is X.509 version ${version}, not 3`);
  }
});

Deno.test("checkServer looks at the time", async () => {
  const extensions = [names(HOST)];
  assert.match(
    problem(await signed({ extensions, from: -120, until: -60 })),
    /^expired 1 hour ago: teleworker certs renew server$/,
  );
  assert.match(
    problem(await signed({ extensions, from: 60, until: 120 })),
    /^is not valid before 20\S+Z: are the clocks right/,
  );
  const now = await signed({ extensions });
  assert.equal(problem(now), "");
  assert.notEqual(problem(now, HOST, new Date(NaN)), "");
  const long = await signed({ extensions, until: 60 * 24 * 1000 });
  assert.match(problem(long, HOST, new Date(Date.now() + 400 * DAY)), /^is not from our authority/);
});

Deno.test("checkServer believes our authority alone, by its key and not by its name", async () => {
  const other = await createAuthority();
  const foreign = /^is not from our authority: is our ca\.pem that of the server\?$/;
  assert.match(problem(derOf(await issueServerCertificate(other, [HOST]))), foreign);
  assert.match(problem(await makeCertificate({ extensions: [names(HOST)] })), foreign);
  const both = Authorities.parse(authority.certificatePem + other.certificatePem);
  checkServer(derOf(await issueServerCertificate(other, [HOST])), HOST, both);
  // One that an authority's server has signed in its turn.
  const server = await issueServerCertificate(authority, [HOST]);
  assert.match(problem(await makeCertificate({ extensions: [names(HOST)], issuer: server })), foreign);
});

Deno.test("checkServer throws nothing but ServerIdentityError, and believes no changed certificate", async () => {
  const six = new Uint8Array([0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const addresses: [number, Uint8Array][] = [[0x87, new Uint8Array([192, 0, 2, 7])], [0x87, six]];
  const der = await signed({ extensions: [rawNames([0x82, HOST], [0x82, "*.example.net"], ...addresses)] });
  const hosts = fc.constantFrom(HOST, "a.example.net", "192.0.2.7", "2001:db8::1", "fe80::1%eth0", "", "\0", "[::1]");
  for (const host of [HOST, "a.example.net", "192.0.2.7", "2001:db8::1"]) assert.equal(problem(der, host), "");
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), hosts, (at, change, host) => {
      assert.notEqual(problem(der.with(at, (der[at] ?? 0) ^ change), host), "");
    }),
    { numRuns: 500 },
  );
  const pieces = fc.array(fc.tuple(fc.nat(der.length), fc.nat(40), fc.uint8Array({ maxLength: 40 })), { maxLength: 4 });
  fc.assert(fc.property(pieces, hosts, (pieces, host) => {
    // Cut, filled and lengthened at any place.
    const changed = pieces.reduce((bytes, [at, cut, put]) => bytes.toSpliced(at, cut, ...put), [...der]);
    problem(new Uint8Array(changed), host);
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, host) => {
    assert.notEqual(problem(bytes, host), "");
  }));
});
