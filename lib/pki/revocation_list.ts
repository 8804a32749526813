import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { Extension, X509Certificate, X509CrlGenerator } from "@peculiar/x509";
import { allowsKeyUsage, parseCertificate } from "./certificate.ts";
import { CLOCK_SKEW, identifyAuthority } from "./certify.ts";
import { CRL_NUMBER, makersOf, readRevocationLists } from "./crl.ts";
import { DerTag } from "./der_reader.ts";
import { encodePem } from "./pem.ts";
import type { SigningAuthority } from "./signing_authority.ts";
import type { Authority } from "./trust.ts";

/** A file of revocation lists: that of one authority, and those of others. */
export interface RevocationLists {
  /** Since when which serial number is revoked; these in hexadecimal, lower case, without leading zeros. */
  readonly revocations: ReadonlyMap<string, Date>;
  /** The number of the authority's list; 0 if it has none. */
  readonly number: bigint;
  /** The lists of other authorities, in PEM as they were. */
  readonly others: readonly string[];
}

/**
 * Reads a file of revocation lists (RFC 5280, 5) as the daemon does.
 *
 * @param pem The file; empty if there is none.
 * @param authorities The first is the one whose list is wanted; the file may have lists of the others, and of more.
 * @throws {SyntaxError} if something in it is no revocation list.
 * @throws {Error} if a list says that it is of one of the authorities and is not; see `makersOf`.
 */
export function readRevocations(pem: string, authorities: readonly Authority[]): RevocationLists {
  const [authority] = authorities;
  const lists = readRevocationLists(pem).map((list) => ({ ...list, makers: makersOf(list, authorities) }));
  const isOwn = ({ makers }: { readonly makers: readonly Authority[] }) => makers.some((maker) => maker === authority);
  const own = lists.filter(isOwn);
  return {
    revocations: new Map(own.flatMap(({ revocations }) => [...revocations])),
    number: own.reduce((highest, { number }) => number > highest ? number : highest, 0n),
    others: lists.filter((list) => !isOwn(list)).map(({ der }) => encodePem("X509 CRL", der)),
  };
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
    entries: [...revocations].map(([serial, since]) => ({
      serialNumber: positiveHex(serial),
      revocationDate: since,
    })),
    extensions: [
      new Extension(type, critical, value),
      new Extension(CRL_NUMBER, false, encodeInteger(number < seconds ? seconds : number + 1n)),
    ],
  });
  return [encodePem("X509 CRL", list.rawData), ...others].join("");
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
