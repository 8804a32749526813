import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { X509Certificate } from "@peculiar/x509";
import { createPrivateKey, X509Certificate as NodeCertificate } from "node:crypto";
import type { Credential } from "./credential.ts";
import { decodeCertificates } from "./pem.ts";
import { inFile } from "./pem_file.ts";
import { parseAuthorities, requireValid } from "./trust.ts";

/** An authority that is ready to sign. */
export interface SigningAuthority {
  /** Its own certificate, in DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** The key of that certificate. */
  readonly privateKey: CryptoKey;
}

/**
 * Makes an authority ready to sign. It may as well be one that OpenSSL made: EC, RSA or Ed25519, its key in any
 * unencrypted PEM format. Of several certificates the first is the one that belongs to the key.
 *
 * @throws {Error} if it is none, has expired, or its certificate and key do not belong together.
 */
export async function openAuthority({ certificatePem, privateKeyPem, files }: Credential): Promise<SigningAuthority> {
  const parse = () => parseAuthorities(certificatePem);
  const [authority] = files === undefined ? parse() : inFile(files.certificate, parse);
  requireValid(authority);
  const [certificate = new Uint8Array()] = decodeCertificates(certificatePem);
  const privateKey = await importPrivateKey(privateKeyPem, new X509Certificate(certificate).publicKey.algorithm);
  if (!new NodeCertificate(certificate).checkPrivateKey(createPrivateKey(privateKeyPem))) {
    const which = files === undefined ? "" : ` in "${files.certificate}"`;
    throw new Error(`Cannot sign certificate: the private key does not belong to the certificate authority${which}`);
  }
  return { certificate, privateKey };
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
