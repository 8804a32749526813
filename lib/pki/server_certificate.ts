import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import type { Credential } from "./credential.ts";
import { parseHost } from "./host.ts";
import type { CertificateContent } from "./certify.ts";
import { issue } from "./issue.ts";
import type { KeyType } from "./key_type.ts";

/** How a server certificate is made. */
export interface ServerCertificateOptions {
  /** Validity in days. Default: 365. */
  readonly days?: number | undefined;
}

/** Days for which a server's certificate is made. */
export const SERVER_DAYS = 365;

/** The common name of every server, which nobody looks at: clients know it by its hosts. */
export const SERVER_NAME = "Teleworker server";

/**
 * What a certificate says with which a server shows that it is these hosts.
 *
 * @param hosts DNS names, IPv4 and IPv6 addresses; at least one. Clients know the server by these and nothing else.
 * @throws {TypeError} if there is none, or one is neither a DNS name nor an address.
 */
export function serverCertificate(
  hosts: readonly string[],
  { days = SERVER_DAYS }: ServerCertificateOptions = {},
): CertificateContent {
  if (hosts.length === 0) throw new TypeError("Cannot make a server certificate: at least one host is needed");
  const extensions = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(hosts.map(parseHost)),
  ];
  return { commonName: SERVER_NAME, days, extensions };
}

/**
 * Makes a `serverCertificate` and its key.
 *
 * @throws {TypeError} if there is no host, or one is neither a DNS name nor an address.
 * @throws {Error} if the authority cannot sign; see `issue`.
 */
export async function issueServerCertificate(
  authority: Credential,
  hosts: readonly string[],
  { keyType, ...options }: ServerCertificateOptions & { readonly keyType?: KeyType | undefined } = {},
): Promise<Credential> {
  return await issue(authority, serverCertificate(hosts, options), keyType);
}
