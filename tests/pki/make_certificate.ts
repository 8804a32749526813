import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate, Version } from "@peculiar/asn1-x509";
import { type Extension, type JsonNameParams, Name, X509CertificateGenerator } from "@peculiar/x509";

const MINUTE = 60 * 1000;

/** What a certificate shall say, sensible or not. */
export interface Request {
  /** Default: the common name alice. */
  readonly subject?: JsonNameParams;
  /** Default: none. */
  readonly extensions?: readonly Extension[];
  /** Minutes from now; default: -1. */
  readonly from?: number;
  /** Minutes from now; default: 60. */
  readonly until?: number;
}

/** Makes a self-signed certificate that OpenSSL would refuse to make, in DER. */
export async function makeCertificate(
  { subject = [{ CN: ["alice"] }], extensions = [], from = -1, until = 60 }: Request,
): Promise<Uint8Array<ArrayBuffer>> {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: new Name(subject),
    keys: await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]),
    notBefore: new Date(Date.now() + from * MINUTE),
    notAfter: new Date(Date.now() + until * MINUTE),
    extensions: [...extensions],
  });
  return new Uint8Array(certificate.rawData);
}

/** The same certificate, as far as it can be said, in an older version; its signature is no longer right. */
export function withVersion(version: 1 | 2, der: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const certificate = AsnConvert.parse(der, Certificate);
  certificate.tbsCertificate.version = version === 1 ? Version.v1 : Version.v2;
  delete certificate.tbsCertificate.extensions;
  delete certificate.tbsCertificateRaw;
  return new Uint8Array(AsnConvert.serialize(certificate));
}
