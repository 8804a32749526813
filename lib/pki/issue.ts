import { type CertificateContent, certify } from "./certify.ts";
import type { Credential } from "./credential.ts";
import { generateKeys, type KeyType } from "./key_type.ts";
import { encodePem } from "./pem.ts";
import { openAuthority } from "./signing_authority.ts";

/**
 * Makes a key pair, and a certificate for it that the authority signs and does not outlive.
 *
 * @throws {Error} if the authority cannot sign; see `openAuthority`.
 * @throws {RangeError} unless the days are a whole number from 1 to 3650.
 */
export async function issue(
  authority: Credential,
  content: CertificateContent,
  keyType?: KeyType,
): Promise<Credential> {
  const keys = await generateKeys(keyType);
  return {
    certificatePem: await sign(authority, content, keys.publicKey),
    privateKeyPem: await exportPrivateKey(keys.privateKey),
  };
}

/**
 * Makes a certificate for a key that somebody else has. The authority signs it and does not outlive it.
 *
 * @returns The certificate, in PEM.
 * @throws {Error} and {RangeError} as `issue` does.
 */
export async function sign(
  authority: Credential,
  content: CertificateContent,
  publicKey: CryptoKey,
): Promise<string> {
  const { certificate, privateKey } = await openAuthority(authority);
  return await certify(content, publicKey, privateKey, certificate);
}

/** Writes a private key as unencrypted PKCS#8 in PEM. */
export async function exportPrivateKey(key: CryptoKey): Promise<string> {
  return encodePem("PRIVATE KEY", await crypto.subtle.exportKey("pkcs8", key));
}
