import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonNameParams,
  KeyUsageFlags,
  KeyUsagesExtension,
} from "@peculiar/x509";
import type { Credential } from "../../../lib/pki/credential.ts";
import { encodePem } from "../../../lib/pki/pem.ts";
import { derOf, makeCredential, type Request, withVersion } from "../../pki/make_certificate.ts";

const ADMIN = "1.3.6.1.4.1.12345.1.1";
const USER = "1.3.6.1.4.1.12345.1.2";
/** Minutes. */
const DAY = 24 * 60;

/** What there is to make certificates with. */
export interface Making {
  /** The authority that the daemon trusts. */
  readonly authority: Credential;
  /** One of the same name that it does not trust. */
  readonly stranger: Credential;
  /** Another that it trusts. */
  readonly other: Credential;
  /** A serial number, in hexadecimal, that `authority` has revoked and `other` has not. */
  readonly revoked: string;
}

/** A certificate that leaves a doubt, which the daemon must refuse. */
export interface RefusedCertificate {
  /** What is wrong with it. */
  readonly what: string;
  /** Makes it, with its key. */
  readonly make: (making: Making) => Credential | Promise<Credential>;
  /** What the daemon's log says of it. */
  readonly reason: RegExp;
}

/** Of what the TLS library stops, which does not say what it was. */
const BY_TLS = /Refused a connection: .*not valid now, not for clients, or not signed by a trusted authority/;
const INVISIBLE = "its common name has characters that cannot be seen or printed";
const CLIENT = new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]);

const because = (why: string) => new RegExp(`Refused a certificate: .*\\(serial [0-9a-f]+\\): ${why}`);
const extension = (type: string, hex: string, critical = false) =>
  new Extension(type, critical, Uint8Array.fromHex(hex));
const pem = (der: Uint8Array<ArrayBuffer>) => encodePem("CERTIFICATE", der);

/** One that the trusted authority signs. */
function signed(what: string, request: Request, reason: RegExp): RefusedCertificate {
  return { what, make: ({ authority }) => makeCredential({ issuer: authority, ...request }), reason };
}

function named(what: string, subject: JsonNameParams, why: string): RefusedCertificate {
  return signed(what, { subject }, because(why));
}

function text(what: string, name: string, why: string): RefusedCertificate {
  return named(what, [{ CN: [{ utf8String: name }] }], why);
}

/** One for clients that says this, too. */
function extended(what: string, extensions: readonly Extension[], why: string): RefusedCertificate {
  return signed(what, { extensions: [CLIENT, ...extensions] }, because(why));
}

/** What was good before it was changed. */
function changed(
  what: string,
  change: (der: Uint8Array<ArrayBuffer>, making: Making) => Uint8Array<ArrayBuffer>,
): RefusedCertificate {
  return {
    what,
    make: async (making) => {
      const good = await makeCredential({ issuer: making.authority, extensions: [CLIENT] });
      return { ...good, certificatePem: pem(change(derOf(good), making)) };
    },
    reason: BY_TLS,
  };
}

function turnBit(der: Uint8Array<ArrayBuffer>, offset: number): Uint8Array<ArrayBuffer> {
  return der.map((byte, index) => index === offset ? byte ^ 1 : byte);
}

const NAMES: readonly RefusedCertificate[] = [
  named("no name", [{ O: ["x"] }], "it has no common name"),
  named("no subject", [], "it has no common name"),
  named("two names", [{ CN: ["alice"] }, { CN: ["bob"] }], "it has more than one common name"),
  named("two names in one set", [{ CN: ["alice", "bob"] }], "it has more than one common name"),
  named("the same name twice", [{ CN: ["alice"] }, { CN: ["alice"] }], "it has more than one common name"),
  text("an empty name", "", "its common name is empty"),
  text("a name with a NUL", "alice\0bob", INVISIBLE),
  text("a name with a line end", "alice\nbob", INVISIBLE),
  text("a name with an escape sequence", "\x1b[2Jalice", INVISIBLE),
  text("a name with a bidirectional override", "alice\u202ebob", INVISIBLE),
  text("a name with a space without width", "alice\u200b", INVISIBLE),
  text("a name that is a space", " ", INVISIBLE),
  text("a name of 65 characters", "a".repeat(65), "its common name has more than 64 characters"),
  text("a name with a decomposed letter", "rene\u0301", "its common name is not in Unicode's normalization form NFC"),
  named("a name in UTF-16", [{ CN: [{ bmpString: "alice" }] }], "it cannot be read"),
  signed(
    "the Unix socket's name",
    { subject: [{ CN: ["local"] }] },
    /Refused a certificate: .*kept for the daemon itself/,
  ),
];

const EXTENSIONS: readonly RefusedCertificate[] = [
  extended("both roles", [extension(ADMIN, "0500"), extension(USER, "0500")], "it has the roles admin and user"),
  extended("a role that is a BOOLEAN", [extension(ADMIN, "0101ff")], "its role extension is malformed"),
  extended("a role without a value", [extension(ADMIN, "")], "it cannot be read"),
  extended("a role with an empty text", [extension(USER, "0c00")], "its role extension is malformed"),
  extended("a key that may not sign", [new KeyUsagesExtension(KeyUsageFlags.keyEncipherment)], "its key may not sign"),
  signed("a purpose that is a server's", {
    extensions: [new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth])],
  }, BY_TLS),
  signed("any purpose, not that of a client", { extensions: [extension("2.5.29.37", "300606042a030405")] }, BY_TLS),
  signed("CA:TRUE", { extensions: [CLIENT, new BasicConstraintsExtension(true)] }, BY_TLS),
  signed(
    "an unknown critical extension",
    { extensions: [CLIENT, extension("1.2.3.4", "0500", true)] },
    /Refused a connection: .*unable to verify the first certificate/,
  ),
];

const FRAMES: readonly RefusedCertificate[] = [
  changed("version 1", (der, { authority }) => withVersion(1, der, authority)),
  changed("version 2", (der, { authority }) => withVersion(2, der, authority)),
  changed("a bit of its signature that is another", (der) => turnBit(der, der.length - 1)),
  // In the serial number, which nothing else depends on.
  changed("a bit of what was signed that is another", (der) => turnBit(der, 20)),
  signed("a time that is over", { from: -2 * DAY, until: -1 }, BY_TLS),
  signed("a time that has not come", { from: 10, until: DAY }, BY_TLS),
];

const ISSUERS: readonly RefusedCertificate[] = [
  {
    what: "another authority of the same name",
    make: ({ stranger }) => makeCredential({ issuer: stranger }),
    reason: BY_TLS,
  },
  { what: "no authority but itself", make: () => makeCredential({ extensions: [CLIENT] }), reason: BY_TLS },
  {
    what: "the authority's own",
    make: ({ authority }) => authority,
    reason: because("it belongs to a certificate authority"),
  },
  {
    what: "the other authority's own",
    make: ({ other }) => other,
    reason: because("it belongs to a certificate authority"),
  },
  {
    what: "a serial number that was revoked",
    make: ({ authority, revoked }) => makeCredential({ issuer: authority, serial: revoked }),
    reason: because("it was revoked"),
  },
];

/** All of them, each with one thing wrong. */
export const REFUSED: readonly RefusedCertificate[] = [...NAMES, ...EXTENSIONS, ...FRAMES, ...ISSUERS];

/** What is as good as it looks. */
export const ACCEPTED: readonly Omit<RefusedCertificate, "reason">[] = [
  { what: "nothing but a name", make: ({ authority }) => makeCredential({ issuer: authority }) },
  {
    what: "a serial number that another authority has revoked",
    make: ({ other, revoked }) => makeCredential({ issuer: other, serial: revoked }),
  },
  {
    what: "a name of 64 characters in several scripts",
    make: ({ authority }) =>
      makeCredential({ issuer: authority, subject: [{ CN: [{ utf8String: "ren\u00e9 李Ω".padEnd(64, "x") }] }] }),
  },
];
