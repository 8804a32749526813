import { parseCertificate } from "../../pki/certificate.ts";
import { describeExpiry, expiresSoon } from "../../pki/expiry.ts";
import { decodeCertificates } from "../../pki/pem.ts";
import type { CredentialFiles, Credentials } from "./credentials.ts";

/** Describes each of the certificates and revocation lists that should be replaced soon, with what to do. */
export function describeExpiring({ certificate, authorities }: Credentials, files: CredentialFiles): string[] {
  const [der = new Uint8Array()] = decodeCertificates(certificate);
  const server = parseCertificate(der);
  return [
    ...(expiresSoon(server)
      ? [`the server's certificate "${files.certificate}" ${describeExpiry(server)}: teleworker certs renew server`]
      : []),
    ...authorities.expiring().map(({ name, validity }) =>
      `the authority "${name}" in "${files.ca}" ${describeExpiry(validity)}: teleworker certs init --certs NEW`
    ),
    ...authorities.expiringLists().map(({ name, validity }) =>
      `the revocation list of "${name}" in "${files.crl}" ${describeExpiry(validity)}, when a newer one is due`
    ),
  ];
}
