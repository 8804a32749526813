import { DerReader, DerTag } from "./der_reader.ts";
import { decodeBoolean, decodeObjectIdentifier } from "./der_values.ts";

/** An extension of a certificate, a list of revoked ones, or an entry of such a list (RFC 5280, 4.2, 5.2 and 5.3). */
export interface Extension {
  /** Whether who does not understand it must refuse what it is in. */
  readonly critical: boolean;
  /** The DER inside the OCTET STRING. */
  readonly value: Uint8Array;
}

/** By dotted object identifier; there cannot be two of one. */
export type Extensions = ReadonlyMap<string, Extension>;

/**
 * Reads extensions.
 *
 * @param content That of the SEQUENCE of them.
 * @throws {SyntaxError} for everything that is not DER, and for one that is there twice.
 */
export function parseExtensions(content: Uint8Array): Extensions {
  const found = new Map<string, Extension>();
  const extensions = new DerReader(content);
  while (!extensions.done) {
    const extension = new DerReader(extensions.read(DerTag.sequence));
    const type = decodeObjectIdentifier(extension.read(DerTag.objectIdentifier));
    const critical = extension.optional(DerTag.boolean);
    const value = extension.read(DerTag.octetString);
    extension.end();
    if (found.has(type)) throw new SyntaxError(`Cannot read extensions: "${type}" is there twice`);
    found.set(type, { critical: critical !== undefined && decodeBoolean(critical), value });
  }
  return found;
}

/** The dotted type of a critical extension that is not among those understood: what has one must be refused. */
export function unknownCritical(extensions: Extensions, understood: ReadonlySet<string>): string | undefined {
  return [...extensions].find(([type, { critical }]) => critical && !understood.has(type))?.[0];
}
