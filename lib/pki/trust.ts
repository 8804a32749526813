import { allowsKeyUsage, type Certificate, describeSubject, isAuthority, parseCertificate } from "./certificate.ts";
import { decodeCertificates } from "./pem.ts";

/**
 * Makes sure that a file of trusted authorities has nothing else in it. The TLS library takes any certificate in it for
 * an authority: it trusts one of version 1 without looking at its signature, and lets in a client whose own certificate
 * it is.
 *
 * @param pem One or more certificates.
 * @param now The time at which none may have expired.
 * @throws {Error} that names the first that is no authority (version 3, CA:TRUE, may sign certificates) or has expired,
 * or says that the file cannot be read or has none.
 */
export function checkAuthorities(pem: string, now: Date = new Date()): void {
  let certificates: Certificate[];
  try {
    certificates = decodeCertificates(pem).map(parseCertificate);
  } catch (cause) {
    throw new Error(`Cannot read trusted authorities: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  if (certificates.length === 0) throw new Error("Cannot read trusted authorities: there is no certificate");
  for (const certificate of certificates) {
    const problem = authorityProblem(certificate, now);
    if (problem !== undefined) throw new Error(`Cannot trust "${describeSubject(certificate)}": ${problem}`);
  }
}

function authorityProblem(certificate: Certificate, now: Date): string | undefined {
  if (certificate.version !== 3) return `it is X.509 version ${certificate.version}, not 3`;
  if (!isAuthority(certificate)) return "it does not belong to a certificate authority (CA:TRUE is missing)";
  if (!allowsKeyUsage(certificate, "keyCertSign")) return "its key may not sign certificates";
  if (!(now <= certificate.notAfter)) return `it has expired at ${certificate.notAfter.toISOString()}`;
  return undefined;
}
