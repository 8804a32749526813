import { cutText } from "../base/cut_text.ts";
import { escapeTerminal } from "../base/escape_terminal.ts";
import { DerReader, DerTag, type DerValue, readSingle } from "./der_reader.ts";
import { decodeBoolean, decodeObjectIdentifier, decodeText, decodeTime, equalBytes } from "./der_values.ts";
import { type Extensions, parseExtensions } from "./extensions.ts";
import { decodeSerial } from "./serial.ts";
import { parseSigned, type Signed } from "./signed.ts";

/** Most UTF-16 units of a name that are shown, before any is escaped. */
const MAX_SHOWN_NAME = 128;

/** What an X.509 certificate says, unchecked (RFC 5280, 4.1). */
export interface Certificate {
  /** 1, 2 or 3; one more than the number in the file. */
  readonly version: number;
  /** The serial number in hexadecimal, lower case, without leading zeros. */
  readonly serial: string;
  /** The first moment of its validity. */
  readonly notBefore: Date;
  /** The last moment of its validity. */
  readonly notAfter: Date;
  /** The name of who signed it, in DER without tag and length; compare it byte by byte. */
  readonly issuer: Uint8Array;
  /** The subject in the same form. */
  readonly subjectName: Uint8Array;
  /** The attributes of the subject in their order: dotted type and undecoded value. */
  readonly subject: readonly { readonly type: string; readonly value: DerValue }[];
  /** The content of the SubjectPublicKeyInfo, undecoded. */
  readonly publicKeyInfo: Uint8Array;
  /** What else it says. */
  readonly extensions: Extensions;
  /** For its signature to be checked. */
  readonly signed: Signed;
}

/** The extensions of RFC 5280, 4.2.1 that decide what a certificate is good for. */
export const ExtensionType = {
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  extendedKeyUsage: "2.5.29.37",
} as const;

/** What a key may be used for, of all that there is the three that matter here. */
export type KeyUsage = "digitalSignature" | "keyCertSign" | "cRLSign";

/** The bits 0, 5 and 6 of the first byte, counted from the left. */
const KEY_USAGE_BITS: Readonly<Record<KeyUsage, number>> = { digitalSignature: 0x80, keyCertSign: 0x04, cRLSign: 0x02 };

const COMMON_NAME = "2.5.4.3";
const context = (number: number) => 0x80 | number;
const explicit = (number: number) => 0xa0 | number;

/**
 * Reads a certificate, without checking its signature or anything else about it.
 *
 * @param der Exactly one certificate.
 * @throws {SyntaxError} for everything that is not DER, for an extension that is there twice, and where the algorithm of the
 * signature is not the one that was signed (RFC 5280, 4.1.1.2).
 */
export function parseCertificate(der: Uint8Array): Certificate {
  const signed = parseSigned(der);
  const tbs = new DerReader(readSingle(signed.signedBytes, DerTag.sequence));
  const version = tbs.optional(explicit(0));
  const serial = tbs.read(DerTag.integer);
  if (!equalBytes(tbs.read(DerTag.sequence), signed.algorithm)) {
    throw new SyntaxError("Cannot read certificate: it names two signature algorithms");
  }
  const issuer = tbs.read(DerTag.sequence);
  const validity = new DerReader(tbs.read(DerTag.sequence));
  const subject = tbs.read(DerTag.sequence);
  const publicKeyInfo = tbs.read(DerTag.sequence);
  tbs.optional(context(1)); // issuerUniqueID
  tbs.optional(context(2)); // subjectUniqueID
  const extensions = tbs.optional(explicit(3));
  tbs.end();

  const notBefore = decodeTime(validity.any());
  const notAfter = decodeTime(validity.any());
  validity.end();
  return {
    version: version === undefined ? 1 : parseVersion(version),
    serial: decodeSerial(serial),
    notBefore,
    notAfter,
    issuer,
    subjectName: subject,
    subject: parseName(subject),
    publicKeyInfo,
    extensions: extensions === undefined ? new Map() : parseExtensions(readSingle(extensions, DerTag.sequence)),
    signed,
  };
}

/**
 * The common names of the subject: none, one, or several.
 *
 * @throws {SyntaxError} if one is not text.
 */
export function commonNames(certificate: Certificate): string[] {
  return certificate.subject.filter(({ type }) => type === COMMON_NAME).map(({ value }) => {
    const text = decodeText(value);
    if (text === undefined) throw new SyntaxError("Cannot read common name: it is of an unusual type");
    return text;
  });
}

/** The subject for people to read, in messages and logs: its texts, made harmless for terminals, or the serial number. */
export function describeSubject(certificate: Certificate): string {
  return describeName(certificate.subjectName) || `serial ${certificate.serial}`;
}

/**
 * A name for people to read: its texts, at most 128 characters of them, escaped for terminals and in quotes; empty if it has none.
 *
 * @param name In DER without tag and length.
 * @throws {SyntaxError} if it cannot be read.
 */
export function describeName(name: Uint8Array): string {
  const texts = parseName(name).map(({ value: { content } }) => new TextDecoder().decode(content));
  return escapeTerminal(cutText(texts.join(", "), MAX_SHOWN_NAME)).replaceAll('"', "?");
}

/**
 * Whether the basic constraints make it the certificate of an authority (RFC 5280, 4.2.1.9).
 *
 * @throws {SyntaxError} if they cannot be read.
 */
export function isAuthority(certificate: Certificate): boolean {
  const extension = certificate.extensions.get(ExtensionType.basicConstraints);
  if (extension === undefined) return false;
  const constraints = new DerReader(readSingle(extension.value, DerTag.sequence));
  const authority = constraints.optional(DerTag.boolean);
  constraints.optional(DerTag.integer); // pathLenConstraint
  constraints.end();
  return authority !== undefined && decodeBoolean(authority);
}

/**
 * Whether the key may be used so, which it may for everything if there is no such extension (RFC 5280, 4.2.1.3).
 *
 * @throws {SyntaxError} if the extension cannot be read.
 */
export function allowsKeyUsage(certificate: Certificate, usage: KeyUsage): boolean {
  const extension = certificate.extensions.get(ExtensionType.keyUsage);
  if (extension === undefined) return true;
  const [unused, bits] = readSingle(extension.value, DerTag.bitString);
  if (unused === undefined || unused > 7) throw new SyntaxError("Cannot read key usage: it is no bit string");
  return ((bits ?? 0) & KEY_USAGE_BITS[usage]) !== 0;
}

/** Why a certificate is not valid at a time; `undefined` if it is. */
export function validityProblem({ notBefore, notAfter }: Certificate, now: Date): string | undefined {
  // Written so that a time that is not a number is a problem.
  if (!(notBefore <= now)) return `it is not valid before ${notBefore.toISOString()}`;
  return now <= notAfter ? undefined : `it has expired at ${notAfter.toISOString()}`;
}

/**
 * The dotted purposes for which the key may be used, or `undefined` if they are not restricted (RFC 5280, 4.2.1.12).
 *
 * @throws {SyntaxError} if the extension cannot be read.
 */
export function extendedKeyUsages(certificate: Certificate): string[] | undefined {
  const extension = certificate.extensions.get(ExtensionType.extendedKeyUsage);
  if (extension === undefined) return undefined;
  const purposes = new DerReader(readSingle(extension.value, DerTag.sequence));
  const found: string[] = [];
  while (!purposes.done) found.push(decodeObjectIdentifier(purposes.read(DerTag.objectIdentifier)));
  return found;
}

/** Version 1 is the default, which DER leaves out (RFC 5280, 4.1.2.1; X.690, 11.5). */
function parseVersion(explicitInteger: Uint8Array): number {
  const integer = readSingle(explicitInteger, DerTag.integer);
  const [number] = integer;
  if (integer.length !== 1 || (number !== 1 && number !== 2)) {
    throw new SyntaxError("Cannot read certificate: it has an unknown version");
  }
  return number + 1;
}

function parseName(content: Uint8Array): Certificate["subject"] {
  const attributes: { type: string; value: DerValue }[] = [];
  const names = new DerReader(content);
  while (!names.done) {
    const set = new DerReader(names.read(DerTag.set));
    while (!set.done) {
      const attribute = new DerReader(set.read(DerTag.sequence));
      const type = decodeObjectIdentifier(attribute.read(DerTag.objectIdentifier));
      attributes.push({ type, value: attribute.any() });
      attribute.end();
    }
  }
  return attributes;
}
