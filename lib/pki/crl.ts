import { DerReader, DerTag, type DerValue, readSingle } from "./der_reader.ts";
import { decodeBoolean, decodeObjectIdentifier, decodeTime } from "./der_values.ts";
import { decodePem } from "./pem.ts";
import { parseSerial } from "./serial.ts";
import { parseSigned, type Signed } from "./signed.ts";

/** A list of the certificates that an authority has revoked (RFC 5280, 5.1), its signature unchecked. */
export interface RevocationList {
  /** The name of the authority, in DER without tag and length; compare it byte by byte. */
  readonly issuer: Uint8Array;
  /** When a newer list should have come; `undefined` if it does not say so. */
  readonly nextUpdate: Date | undefined;
  /** Serial numbers in hexadecimal, lower case, without leading zeros. */
  readonly serials: ReadonlySet<string>;
  /** For its signature to be checked. */
  readonly signed: Signed;
}

/**
 * Reads a list of revoked certificates, version 1 or 2. One that is not a whole list of one authority's own certificates has
 * critical extensions and is refused, as RFC 5280, 5.2, wants it.
 *
 * @param der Exactly one list.
 * @throws {SyntaxError} for everything that is not DER, and for a critical extension.
 */
export function parseRevocationList(der: Uint8Array): RevocationList {
  const signed = parseSigned(der);
  const list = new DerReader(readSingle(signed.signedBytes, DerTag.sequence));
  const version = list.optional(DerTag.integer);
  if (version !== undefined && (version.length !== 1 || version[0] !== 1)) {
    throw new SyntaxError("Cannot read revocation list: it has an unknown version");
  }
  if (!equalBytes(list.read(DerTag.sequence), signed.algorithm)) {
    throw new SyntaxError("Cannot read revocation list: it names two signature algorithms");
  }
  const issuer = list.read(DerTag.sequence);
  decodeTime(list.any()); // thisUpdate
  const nextUpdate = optionalTime(list);
  const revoked = list.optional(DerTag.sequence);
  const extensions = list.optional(0xa0);
  list.end();
  if (extensions !== undefined) checkExtensions(readSingle(extensions, DerTag.sequence));
  return { issuer, nextUpdate, serials: new Set(revoked === undefined ? [] : readSerials(revoked)), signed };
}

/**
 * Reads the lists of a PEM file.
 *
 * @returns DER, one for each.
 * @throws {SyntaxError} for a damaged block, and for one that holds something else.
 */
export function decodeRevocationLists(pem: string): Uint8Array[] {
  return decodePem(pem).map(({ label, der }) => {
    if (label !== "X509 CRL") throw new SyntaxError(`Cannot read PEM: "${label}" is no revocation list`);
    return der;
  });
}

/** Whether two stretches of bytes are the same. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function optionalTime(list: DerReader): Date | undefined {
  for (const tag of [DerTag.utcTime, DerTag.generalizedTime]) {
    const content = list.optional(tag);
    if (content !== undefined) return decodeTime({ tag, content } satisfies DerValue);
  }
  return undefined;
}

function* readSerials(content: Uint8Array): Generator<string> {
  const entries = new DerReader(content);
  while (!entries.done) {
    const entry = new DerReader(entries.read(DerTag.sequence));
    yield parseSerial(entry.read(DerTag.integer));
    decodeTime(entry.any()); // revocationDate
    const extensions = entry.optional(DerTag.sequence);
    entry.end();
    // The reason does not matter; another authority's certificate in this one's list (certificateIssuer) is critical.
    if (extensions !== undefined) checkExtensions(extensions);
  }
}

function checkExtensions(content: Uint8Array): void {
  const extensions = new DerReader(content);
  while (!extensions.done) {
    const extension = new DerReader(extensions.read(DerTag.sequence));
    const type = decodeObjectIdentifier(extension.read(DerTag.objectIdentifier));
    const critical = extension.optional(DerTag.boolean);
    extension.read(DerTag.octetString);
    extension.end();
    if (critical !== undefined && decodeBoolean(critical)) {
      throw new SyntaxError(`Cannot read revocation list: its critical extension "${type}" is unknown`);
    }
  }
}
