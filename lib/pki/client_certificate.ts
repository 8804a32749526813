import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
} from "@peculiar/x509";
import { checkCommonName } from "./common_name.ts";
import type { Credential } from "./credential.ts";
import type { CertificateContent } from "./certify.ts";
import { issue } from "./issue.ts";
import type { KeyType } from "./key_type.ts";
import { type Role, ROLE_EXTENSIONS } from "./role.ts";

/** How a client certificate is made. */
export interface ClientCertificateOptions {
  /** What the client may do. Default: `operator`. */
  readonly role?: Role | undefined;
  /** Validity in days. Default: 45. */
  readonly days?: number | undefined;
}

/** Days for which a client's certificate is made. */
export const CLIENT_DAYS = 45;

/** The extension alone is the role; its value must be some ASN.1, and NULL is the least. */
const NULL = new Uint8Array([0x05, 0x00]);

/**
 * What a certificate says with which a client shows who its user is, as `identify` reads it.
 *
 * @param name The user: 1 to 64 printable characters.
 * @throws {TypeError} if the name is not fit to be one.
 */
export function clientCertificate(
  name: string,
  { role = "operator", days = CLIENT_DAYS }: ClientCertificateOptions = {},
): CertificateContent {
  checkCommonName(name);
  const extensions: Extension[] = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
  ];
  if (role !== "operator") extensions.push(new Extension(ROLE_EXTENSIONS[role], false, NULL));
  return { commonName: name, days, extensions };
}

/**
 * Makes a `clientCertificate` and its key.
 *
 * @throws {TypeError} if the name is not fit to be one.
 * @throws {Error} if the authority cannot sign; see `issue`.
 */
export async function issueClientCertificate(
  authority: Credential,
  name: string,
  { keyType, ...options }: ClientCertificateOptions & { readonly keyType?: KeyType | undefined } = {},
): Promise<Credential> {
  return await issue(authority, clientCertificate(name, options), keyType);
}
