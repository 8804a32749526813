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
import { issue } from "./issue.ts";

/** How a server certificate is made. */
export interface ServerCertificateOptions {
  /** Validity in days. Default: 365. */
  readonly days?: number;
}

/**
 * Makes a certificate with which a server shows that it is these hosts, and its key (ECDSA P-256).
 *
 * @param hosts DNS names, IPv4 and IPv6 addresses; at least one. Clients know the server by these and nothing else.
 * @throws {TypeError} if there is none, or one is neither a DNS name nor an address.
 * @throws {Error} if the authority cannot sign; see `issue`.
 */
export async function issueServerCertificate(
  authority: Credential,
  hosts: readonly string[],
  { days = 365 }: ServerCertificateOptions = {},
): Promise<Credential> {
  if (hosts.length === 0) throw new TypeError("Cannot make a server certificate: at least one host is needed");
  const extensions = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(hosts.map(parseHost)),
  ];
  return await issue(authority, { commonName: "Teleworker server", days, extensions });
}
