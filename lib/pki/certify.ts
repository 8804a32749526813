import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import * as x509 from "@peculiar/x509";
import { DAY_MS } from "../base/day.ts";
import { encodePem } from "./pem.ts";

const MAX_DAYS = 3650;
/** Milliseconds by which the clocks of two hosts may differ: what is made here now must be valid there now. */
export const CLOCK_SKEW = 5 * 60 * 1000;

/** What a certificate shall say. */
export interface CertificateContent {
  /** The subject, which has nothing else. */
  readonly commonName: string;
  /** Validity in days from now; less if it would not end before the issuer's own. */
  readonly days: number;
  /** The extensions besides the key identifiers. */
  readonly extensions: readonly ExtensionContent[];
}

/** What an extension says. */
export interface ExtensionContent {
  /** Its dotted object identifier. */
  readonly type: string;
  /** Whether who does not understand it must refuse the certificate. */
  readonly critical: boolean;
  /** DER. */
  readonly value: BufferSource;
}

/**
 * Makes a certificate for a public key. It is valid from five minutes ago.
 *
 * @param signingKey The key of the authority, or, without one, the private key to the public one.
 * @param issuer The certificate of the authority, in DER; without one the certificate is its own.
 * @returns The certificate, in PEM.
 * @throws {RangeError} unless `days` is a whole number from 1 to 3650.
 */
export async function certify(
  { commonName, days, extensions }: CertificateContent,
  publicKey: CryptoKey,
  signingKey: CryptoKey,
  issuer?: Uint8Array<ArrayBuffer>,
): Promise<string> {
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    throw new RangeError(
      `Cannot make a certificate for "${days}" days: a whole number from 1 to ${MAX_DAYS} is needed`,
    );
  }
  const now = Date.now();
  const authority = issuer && new x509.X509Certificate(issuer);
  const subject = new x509.Name([{ CN: [{ utf8String: commonName }] }]);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject,
    issuer: authority?.subjectName ?? subject,
    notBefore: new Date(now - CLOCK_SKEW),
    notAfter: new Date(
      Math.min(now + days * DAY_MS, authority === undefined ? Infinity : lastEnd(authority.notAfter, now)),
    ),
    publicKey,
    signingKey,
    extensions: [
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await (issuer === undefined ? x509.AuthorityKeyIdentifierExtension.create(publicKey) : identifyAuthority(issuer)),
    ].map(({ type, critical, value }) => new x509.Extension(type, critical, value)),
  });
  return encodePem("CERTIFICATE", certificate.rawData);
}

/**
 * Finds the last moment at which a certificate may end: a day before its authority, or a tenth of what that has left where this is less.
 * Who replaces it in time then has an authority to do it with.
 */
function lastEnd(notAfter: Date, now: number): number {
  const left = notAfter.getTime() - now;
  return notAfter.getTime() - Math.min(DAY_MS, left / 10);
}

/**
 * The extension by which, not by its name alone, a new authority is told from an old one of the same name.
 *
 * @param issuer The certificate of the authority, in DER.
 */
export async function identifyAuthority(issuer: Uint8Array<ArrayBuffer>): Promise<ExtensionContent> {
  const authority = new x509.X509Certificate(issuer);
  // How an authority that others made numbers its key is up to them.
  const keyId = authority.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  return keyId === undefined
    ? await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey)
    : new x509.AuthorityKeyIdentifierExtension(keyId);
}

/** 16 random bytes in hexadecimal, less the first bit, for a positive number, and the second, for one of fixed length. */
function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toHex();
}
