import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { AsnConvert } from "@peculiar/asn1-schema";
import { Certificate, Version } from "@peculiar/asn1-x509";
import { type Extension, type JsonNameParams, Name, X509Certificate, X509CertificateGenerator } from "@peculiar/x509";
import { createPrivateKey, sign } from "node:crypto";
import type { Credential } from "../../lib/pki/credential.ts";
import { decodeCertificates, encodePem } from "../../lib/pki/pem.ts";

const MINUTE = 60 * 1000;
const P256 = { name: "ECDSA", namedCurve: "P-256" };

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
  /** In hexadecimal; default: random. */
  readonly serial?: string;
  /** Who signs, with a P-256 key; default: itself. */
  readonly issuer?: Credential;
}

/** Makes a certificate that OpenSSL would refuse to make, and its key. */
export async function makeCredential(
  { subject = [{ CN: ["alice"] }], extensions = [], from = -1, until = 60, serial, issuer }: Request,
): Promise<Credential> {
  const keys = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    subject: new Name(subject),
    issuer: issuer === undefined ? new Name(subject) : new X509Certificate(issuer.certificatePem).subjectName,
    publicKey: keys.publicKey,
    signingKey: issuer === undefined ? keys.privateKey : await importKey(issuer),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    notBefore: new Date(Date.now() + from * MINUTE),
    notAfter: new Date(Date.now() + until * MINUTE),
    extensions: [...extensions],
    ...(serial === undefined ? {} : { serialNumber: serial }),
  });
  return {
    certificatePem: encodePem("CERTIFICATE", certificate.rawData),
    privateKeyPem: encodePem("PRIVATE KEY", await crypto.subtle.exportKey("pkcs8", keys.privateKey)),
  };
}

/** The certificate alone, in DER. */
export async function makeCertificate(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  return derOf(await makeCredential(request));
}

/** The same certificate, as far as it can be said, in an older version; its signature is right if the issuer is given. */
export function withVersion(
  version: 1 | 2,
  der: Uint8Array<ArrayBuffer>,
  issuer?: Credential,
): Uint8Array<ArrayBuffer> {
  const certificate = AsnConvert.parse(der, Certificate);
  const { tbsCertificate } = certificate;
  tbsCertificate.version = version === 1 ? Version.v1 : Version.v2;
  delete tbsCertificate.extensions;
  delete certificate.tbsCertificateRaw;
  if (issuer !== undefined) {
    const signed = new Uint8Array(AsnConvert.serialize(tbsCertificate));
    certificate.signatureValue = new Uint8Array(sign("sha256", signed, createPrivateKey(issuer.privateKeyPem))).buffer;
  }
  return new Uint8Array(AsnConvert.serialize(certificate));
}

/** Its first certificate. */
export function derOf({ certificatePem }: Credential): Uint8Array<ArrayBuffer> {
  return decodeCertificates(certificatePem)[0] ?? new Uint8Array();
}

async function importKey({ privateKeyPem }: Credential): Promise<CryptoKey> {
  const pkcs8 = createPrivateKey(privateKeyPem).export({ type: "pkcs8", format: "der" });
  return await crypto.subtle.importKey("pkcs8", Uint8Array.from(pkcs8), P256, false, ["sign"]);
}
