import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { Extension, X509Certificate, X509Crl, X509CrlGenerator } from "@peculiar/x509";
import { allowsKeyUsage, parseCertificate } from "./certificate.ts";
import { CLOCK_SKEW, identifyAuthority } from "./certify.ts";
import { DerTag, readSingle } from "./der_reader.ts";
import { decodePem, encodePem } from "./pem.ts";
import { isSignedBy, parseSigned, publicKeyOf, type Signed } from "./signed.ts";
import type { SigningAuthority } from "./signing_authority.ts";

/** A certificate that is not to be accepted any more. */
export interface Revocation {
  /** Its serial number in hexadecimal, lower case, without leading zeros. */
  readonly serial: string;
  /** Since when. */
  readonly at: Date;
}

/** The extension with the number of a list, which only ever rises (RFC 5280, 5.2.3). */
const CRL_NUMBER = "2.5.29.20";

/** A file of revocation lists: that of one authority, and those of others. */
export interface RevocationLists {
  /** By serial number. */
  readonly revocations: ReadonlyMap<string, Revocation>;
  /** The number of the authority's list; 0 if it has none. */
  readonly number: bigint;
  /** The lists of other authorities, in PEM as they were. */
  readonly others: readonly string[];
}

/**
 * Reads a file of revocation lists (RFC 5280, 5).
 *
 * @param pem The file; empty if there is none.
 * @param authority The certificate, in DER, of whose list is wanted. The list is known by its signature.
 * @throws {SyntaxError} if something in it is no revocation list.
 */
export function readRevocations(pem: string, authority: Uint8Array<ArrayBuffer>): RevocationLists {
  const revocations = new Map<string, Revocation>();
  const others: string[] = [];
  let number = 0n;
  const key = publicKeyOf(authority);
  for (const { label, der } of decodePem(pem)) {
    const { list, signed } = parseList(label, der);
    if (!isSignedBy(signed, key)) {
      others.push(encodePem("X509 CRL", der));
      continue;
    }
    for (const { serialNumber, revocationDate } of list.entries) {
      const serial = parseSerial(serialNumber);
      revocations.set(serial, { serial, at: revocationDate });
    }
    const found = numberOf(list);
    if (found > number) number = found;
  }
  return { revocations, number, others };
}

/**
 * Writes a file of revocation lists. The authority's list holds as long as the authority itself, so that no daemon comes to
 * stand with one that is over; its number rises with the clock also where the last list was lost.
 *
 * @throws {Error} if the authority may not sign lists.
 */
export async function writeRevocations(
  { revocations, number, others }: RevocationLists,
  { certificate, privateKey }: SigningAuthority,
): Promise<string> {
  if (!allowsKeyUsage(parseCertificate(certificate), "cRLSign")) {
    throw new Error("Cannot sign revocation list: the authority's certificate does not allow it (cRLSign is missing)");
  }
  const seconds = BigInt(Math.floor(Date.now() / 1000));
  const { subjectName, notAfter } = new X509Certificate(certificate);
  const { type, critical, value } = await identifyAuthority(certificate);
  const list = await X509CrlGenerator.create({
    issuer: subjectName,
    thisUpdate: new Date(Date.now() - CLOCK_SKEW),
    nextUpdate: notAfter,
    signingAlgorithm: { hash: "SHA-256", ...privateKey.algorithm },
    signingKey: privateKey,
    entries: [...revocations.values()].map(({ serial, at }) => ({
      serialNumber: positiveHex(serial),
      revocationDate: at,
    })),
    extensions: [
      new Extension(type, critical, value),
      new Extension(CRL_NUMBER, false, encodeInteger(number < seconds ? seconds : number + 1n)),
    ],
  });
  return [encodePem("X509 CRL", list.rawData), ...others].join("");
}

/**
 * Reads a serial number as people write it: hexadecimal, with or without `0x` or colons.
 *
 * @returns Lower case, without leading zeros; `undefined` if it is none.
 */
export function parseSerialNumber(text: string): string | undefined {
  const digits = text.toLowerCase().replace(/^0x/, "").replaceAll(/(?<=[0-9a-f]{2}):(?=[0-9a-f]{2})/g, "");
  // At most 20 octets (RFC 5280, 4.1.2.2).
  return /^[0-9a-f]{1,40}$/.test(digits) ? parseSerial(digits) : undefined;
}

function parseList(label: string, der: Uint8Array<ArrayBuffer>): { list: X509Crl; signed: Signed } {
  if (label !== "X509 CRL") throw new SyntaxError(`Cannot read revocation list: "${label}" is none`);
  try {
    const list = new X509Crl(der);
    void list.entries; // which is parsed only when somebody looks
    return { list, signed: parseSigned(der) };
  } catch (cause) {
    throw new SyntaxError("Cannot read revocation list: it is damaged", { cause });
  }
}

function numberOf(list: X509Crl): bigint {
  const extension = list.extensions.find(({ type }) => type === CRL_NUMBER);
  if (extension === undefined) return 0n;
  const hex = readSingle(new Uint8Array(extension.value), DerTag.integer).toHex();
  return hex === "" ? 0n : BigInt(`0x${hex}`);
}

function parseSerial(hex: string): string {
  return hex.toLowerCase().replace(/^0+(?=.)/, "");
}

/** Whole bytes, the first of which does not make it negative. */
function positiveHex(serial: string): string {
  const whole = serial.length % 2 === 0 ? serial : `0${serial}`;
  return whole > "8" ? `00${whole}` : whole;
}

function encodeInteger(number: bigint): Uint8Array<ArrayBuffer> {
  const content = Uint8Array.fromHex(positiveHex(number.toString(16)));
  return new Uint8Array([DerTag.integer, content.length, ...content]);
}
