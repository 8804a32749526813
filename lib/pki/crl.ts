import { signatureProblem } from "./algorithms.ts";
import { allowsKeyUsage, describeName } from "./certificate.ts";
import { describeDer } from "./der_file.ts";
import { DerReader, DerTag, readSingle } from "./der_reader.ts";
import { decodeTime, equalBytes } from "./der_values.ts";
import { type Extensions, parseExtensions, unknownCritical } from "./extensions.ts";
import { decodePem } from "./pem.ts";
import { decodeSerial } from "./serial.ts";
import { parseSigned, type Signed } from "./signed.ts";
import { type Authority, hasIssued, subjectKeyIdentifier } from "./trust.ts";

/** A list of the certificates that an authority has revoked (RFC 5280, 5.1), its signature unchecked. */
export interface RevocationList {
  /** The name of the authority, in DER without tag and length; compare it byte by byte. */
  readonly issuer: Uint8Array;
  /** The same for people to read; see `describeName`. */
  readonly issuerText: string;
  /** Which key of that name it says has signed it (RFC 5280, 5.2.1); `undefined` if it does not say so. */
  readonly keyIdentifier: Uint8Array | undefined;
  /** When it was made. */
  readonly thisUpdate: Date;
  /** When a newer list should have come; `undefined` if it does not say so. */
  readonly nextUpdate: Date | undefined;
  /** Its number, which only ever rises (RFC 5280, 5.2.3); 0 if it has none. */
  readonly number: bigint;
  /** Since when which serial number is revoked; these in hexadecimal, lower case, without leading zeros. */
  readonly revocations: ReadonlyMap<string, Date>;
  /** For its signature to be checked. */
  readonly signed: Signed;
  /** The whole. */
  readonly der: Uint8Array<ArrayBuffer>;
}

/** The extension with the number of a list. */
export const CRL_NUMBER = "2.5.29.20";
const AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
/** The difference to another list, and some kinds of certificates only: both ought to be critical (RFC 5280, 5.2.4 and 5.2.5). */
const PARTIAL = ["2.5.29.27", "2.5.29.28"];

/**
 * Reads a list of revoked certificates, version 1 or 2. One that is not a whole list of one authority's own certificates is refused,
 * and so is one with a critical extension (RFC 5280, 5.2).
 *
 * @param der Exactly one list.
 * @throws {SyntaxError} for these, and for everything that is not DER.
 */
export function parseRevocationList(der: Uint8Array<ArrayBuffer>): RevocationList {
  const signed = parseSigned(der);
  const list = new DerReader(readSingle(signed.signedBytes, DerTag.sequence));
  const version = list.optional(DerTag.integer);
  if (version !== undefined && !equalBytes(version, Uint8Array.of(1))) {
    throw new SyntaxError("Cannot read revocation list: it has an unknown version");
  }
  if (!equalBytes(list.read(DerTag.sequence), signed.algorithm)) {
    throw new SyntaxError("Cannot read revocation list: it names two signature algorithms");
  }
  const issuer = list.read(DerTag.sequence);
  const thisUpdate = decodeTime(list.any());
  const nextUpdate = optionalTime(list);
  const revoked = list.optional(DerTag.sequence);
  const explicit = list.optional(0xa0);
  list.end();
  const extensions: Extensions = explicit === undefined
    ? new Map()
    : harmless(parseExtensions(readSingle(explicit, DerTag.sequence)));
  return {
    issuer,
    issuerText: describeName(issuer),
    keyIdentifier: readKeyIdentifier(extensions),
    thisUpdate,
    nextUpdate,
    number: readNumber(extensions),
    revocations: new Map(revoked === undefined ? [] : readEntries(revoked)),
    signed,
    der,
  };
}

/**
 * Reads the lists of a PEM file.
 *
 * @throws {SyntaxError} as `parseRevocationList` does, for a damaged block, and for one that holds something else; see `inFile`, which names
 * the file.
 */
export function readRevocationLists(pem: string): RevocationList[] {
  try {
    const fault = describeDer(pem, "revocation list");
    if (fault !== undefined) throw new SyntaxError(fault);
    return decodePem(pem).map(({ label, der }) => {
      if (label !== "X509 CRL") throw new SyntaxError(`"${label}" is no revocation list`);
      return parseRevocationList(der);
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace("Cannot read revocation list: ", "") : cause;
    throw new SyntaxError(`Cannot read revocation list: ${reason}`, { cause });
  }
}

/**
 * Which of these authorities have made a list: several only if they are one, with one name and key. None if it is of another
 * authority, also of one with the name of one of these and another key, such as the last.
 *
 * @throws {Error} if the list says that it is of one of them, by its name and, where both tell it, its key identifier, and does
 * not have that one's signature; or if that one may not sign lists (RFC 5280, 6.3.3 (f)).
 */
export function makersOf<T extends Authority>(list: RevocationList, authorities: readonly T[]): T[] {
  const makers = authorities.filter((authority) => hasIssued(authority, list));
  const refuse = (why: string) => new Error(`Cannot use revocation list of "${list.issuerText}": ${why}`);
  if (makers.length === 0) {
    if (authorities.some((authority) => isClaimed(authority, list))) {
      const problem = signatureProblem(list.signed);
      throw refuse(
        problem === undefined ? "its signature is wrong; copy it again from where its authority is" : `it ${problem}`,
      );
    }
  } else if (!makers.some(({ certificate }) => allowsKeyUsage(certificate, "cRLSign"))) {
    throw refuse("its authority's key may not sign lists (cRLSign is missing)");
  }
  return makers;
}

/**
 * Whether one list of an authority is older than another: by their numbers, which only ever rise (RFC 5280, 5.2.3), where both have one,
 * for its clock may have been wrong; else by their times.
 */
export function isOlder(one: RevocationList, other: RevocationList): boolean {
  if (one.number > 0n && other.number > 0n && one.number !== other.number) return one.number < other.number;
  return one.thisUpdate < other.thisUpdate;
}

function isClaimed({ certificate }: Authority, { issuer, keyIdentifier }: RevocationList): boolean {
  if (!equalBytes(issuer, certificate.subjectName)) return false;
  const own = subjectKeyIdentifier(certificate);
  return own === undefined || keyIdentifier === undefined || equalBytes(own, keyIdentifier);
}

function optionalTime(list: DerReader): Date | undefined {
  for (const tag of [DerTag.utcTime, DerTag.generalizedTime]) {
    const content = list.optional(tag);
    if (content !== undefined) return decodeTime({ tag, content });
  }
  return undefined;
}

function* readEntries(content: Uint8Array): Generator<[serial: string, since: Date]> {
  const entries = new DerReader(content);
  while (!entries.done) {
    const entry = new DerReader(entries.read(DerTag.sequence));
    yield [decodeSerial(entry.read(DerTag.integer)), decodeTime(entry.any())];
    const extensions = entry.optional(DerTag.sequence);
    entry.end();
    // The reason does not matter; another authority's certificate in this one's list (certificateIssuer) is critical.
    if (extensions !== undefined) harmless(parseExtensions(extensions));
  }
}

function harmless(extensions: Extensions): Extensions {
  const partial = PARTIAL.find((type) => extensions.has(type));
  if (partial !== undefined) {
    throw new SyntaxError(`Cannot read revocation list: by its extension "${partial}" it is not a whole list`);
  }
  const type = unknownCritical(extensions, new Set());
  if (type === undefined) return extensions;
  throw new SyntaxError(`Cannot read revocation list: its critical extension "${type}" is unknown`);
}

function readKeyIdentifier(extensions: Extensions): Uint8Array | undefined {
  const extension = extensions.get(AUTHORITY_KEY_IDENTIFIER);
  if (extension === undefined) return undefined;
  return new DerReader(readSingle(extension.value, DerTag.sequence)).optional(0x80); // [0] IMPLICIT OCTET STRING
}

function readNumber(extensions: Extensions): bigint {
  const extension = extensions.get(CRL_NUMBER);
  if (extension === undefined) return 0n;
  return BigInt(`0x${readSingle(extension.value, DerTag.integer).toHex() || "0"}`);
}
