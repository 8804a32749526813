import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { X509Certificate } from "@peculiar/x509";
import { createPrivateKey } from "node:crypto";
import { type CertificateRequest, certify } from "./certify.ts";
import type { Credential } from "./credential.ts";
import { decodeCertificates } from "./pem.ts";
import { checkAuthorities } from "./trust.ts";

/**
 * Makes a certificate, and a key pair for it, that the authority signs and does not outlive. The authority may as well
 * be one that OpenSSL made: EC, RSA or Ed25519, its key in any unencrypted PEM format. Of several certificates the
 * first is the one that belongs to the key.
 *
 * @throws {Error} if the authority is none, has expired, or its certificate and key do not belong together.
 * @throws {RangeError} unless the days are a whole number from 1 to 3650.
 */
export async function issue(authority: Credential, request: CertificateRequest): Promise<Credential> {
  checkAuthorities(authority.certificatePem);
  const [certificate = new Uint8Array()] = decodeCertificates(authority.certificatePem);
  const { publicKey } = new X509Certificate(certificate);
  const privateKey = await importPrivateKey(authority.privateKeyPem, publicKey.algorithm);
  const credential = await certify(request, { certificate, privateKey });
  const issued = new X509Certificate(credential.certificatePem);
  if (!await issued.verify({ publicKey, signatureOnly: true })) {
    throw new Error("Cannot sign certificate: the private key does not belong to the certificate authority");
  }
  return credential;
}

async function importPrivateKey(pem: string, algorithm: Algorithm): Promise<CryptoKey> {
  try {
    const pkcs8 = new Uint8Array(createPrivateKey(pem).export({ type: "pkcs8", format: "der" }));
    return await crypto.subtle.importKey("pkcs8", pkcs8, { ...algorithm, hash: "SHA-256" }, false, ["sign"]);
  } catch (cause) {
    const reason = "it is damaged, encrypted or not of the certificate's type";
    throw new Error(`Cannot read private key of the certificate authority: ${reason}`, { cause });
  }
}
