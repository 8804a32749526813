import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import * as x509 from "@peculiar/x509";
import type { Credential } from "./credential.ts";
import { encodePem } from "./pem.ts";

/** The key of everything made here: small, fast, and known to every TLS library. */
const KEY = { name: "ECDSA", namedCurve: "P-256" };

const DAY = 24 * 60 * 60 * 1000;
const MAX_DAYS = 3650;
/** The clocks of two hosts differ: a certificate made here now must be valid there now. */
const CLOCK_SKEW = 5 * 60 * 1000;

/** Who signs. */
export interface Issuer {
  /** The issuer's own certificate, in DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** The key of that certificate. */
  readonly privateKey: CryptoKey;
}

/** What a certificate shall say. */
export interface CertificateRequest {
  /** The subject, which has nothing else. */
  readonly commonName: string;
  /** Validity in days from now; less if the issuer's own ends earlier. */
  readonly days: number;
  /** The extensions besides the key identifiers: dotted type, and DER. */
  readonly extensions: readonly { readonly type: string; readonly critical: boolean; readonly value: BufferSource }[];
}

/**
 * Makes a key pair and a certificate for it, signed by the issuer or, without one, by itself. It is valid from five
 * minutes ago.
 *
 * @throws {RangeError} unless `days` is a whole number from 1 to 3650.
 */
export async function certify(request: CertificateRequest, issuer?: Issuer): Promise<Credential> {
  const { days } = request;
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    throw new RangeError(
      `Cannot make a certificate for "${days}" days: a whole number from 1 to ${MAX_DAYS} is needed`,
    );
  }
  const now = Date.now();
  const keys = await crypto.subtle.generateKey(KEY, true, ["sign", "verify"]);
  const subject = new x509.Name([{ CN: [{ utf8String: request.commonName }] }]);
  const authority = issuer && new x509.X509Certificate(issuer.certificate);
  // How an authority that others made numbers its key is up to them.
  const issuerKeyId = authority?.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject,
    issuer: authority?.subjectName ?? subject,
    notBefore: new Date(now - CLOCK_SKEW),
    notAfter: new Date(Math.min(now + days * DAY, authority?.notAfter.getTime() ?? Infinity)),
    publicKey: keys.publicKey,
    signingKey: issuer?.privateKey ?? keys.privateKey,
    extensions: [
      ...request.extensions.map(({ type, critical, value }) => new x509.Extension(type, critical, value)),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      // By this, not by its name alone, a new authority is told from an old one of the same name.
      issuerKeyId === undefined
        ? await x509.AuthorityKeyIdentifierExtension.create(authority?.publicKey ?? keys.publicKey)
        : new x509.AuthorityKeyIdentifierExtension(issuerKeyId),
    ],
  });
  return {
    certificatePem: encodePem("CERTIFICATE", certificate.rawData),
    privateKeyPem: encodePem("PRIVATE KEY", await crypto.subtle.exportKey("pkcs8", keys.privateKey)),
  };
}

/** 16 random bytes in hexadecimal, less the first bit, for a positive number, and the second, for one of fixed length. */
function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toHex();
}
