import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } from "@peculiar/x509";
import { certify } from "./certify.ts";
import { checkCommonName } from "./common_name.ts";
import type { Credential } from "./credential.ts";
import { exportPrivateKey } from "./issue.ts";
import { generateKeys, type KeyType } from "./key_type.ts";

/** How a certificate authority is made. */
export interface AuthorityOptions {
  /** What people see as its name. Default: `Teleworker CA`. */
  readonly commonName?: string;
  /** Validity in days. Default: 3650. */
  readonly days?: number | undefined;
  /** Default: `ec-p256`. */
  readonly keyType?: KeyType | undefined;
}

/**
 * Makes a certificate authority, self-signed, that may sign certificates of servers and clients but no
 * other authorities.
 *
 * @throws {TypeError} if the name is not fit to be one.
 * @throws {RangeError} unless `days` is a whole number from 1 to 3650.
 */
export async function createAuthority(
  { commonName = "Teleworker CA", days = 3650, keyType }: AuthorityOptions = {},
): Promise<Credential> {
  checkCommonName(commonName);
  const extensions = [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
  const keys = await generateKeys(keyType);
  return {
    certificatePem: await certify({ commonName, days, extensions }, keys.publicKey, keys.privateKey),
    privateKeyPem: await exportPrivateKey(keys.privateKey),
  };
}
