/** With TLS 1.3 a server judges our certificate when we have already begun to speak (RFC 8446, 2): it can only hang up. */
const CLOSED = "it closed the connection, as a server does that does not accept our certificate";

/**
 * What TLS and the HTTP client say, in the words of someone who has certificates to look after. The names are those of rustls
 * (docs.rs/rustls: `CertificateError`, `AlertDescription`).
 */
const REASONS: readonly (readonly [says: RegExp, reason: string])[] = [
  [/UnknownIssuer|BadSignature/, "its certificate is not from our authority"],
  [/certificate expired/, "its certificate has expired"],
  [/certificate not valid yet/, "its certificate is not valid yet"],
  [/certificate not valid for name/, "its certificate is for another host"],
  [/KeyMismatch/, "the certificate and the private key do not belong together"],
  [/close_notify|received fatal alert/, CLOSED],
];

/** Why a request failed, without a final stop. The innermost cause says what happened; the outer ones only where. */
export function reasonOf(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  const text = innermost instanceof Error ? innermost.message : String(innermost);
  const known = REASONS.find(([says]) => says.test(text));
  if (known !== undefined) return known[1];
  const last = text.split(": ").at(-1) ?? text;
  const reason = last.replace(/ \(os error \d+\)$/, "").trim() || text;
  return /^[A-Z][a-z]/.test(reason) ? reason.charAt(0).toLowerCase() + reason.slice(1) : reason;
}

/** As {@linkcode reasonOf}; if the server may have refused our certificate, it looks whether that has expired. */
export async function explain(error: unknown, certificatePem: string | null): Promise<string> {
  const reason = reasonOf(error);
  if (reason !== CLOSED || certificatePem === null) return reason;
  // Only here: it takes longer to load than all the rest of a good start.
  const { X509Certificate } = await import("node:crypto");
  const until = new X509Certificate(certificatePem).validToDate;
  return until.getTime() < Date.now() ? `our certificate expired on ${until.toISOString().slice(0, 10)}` : reason;
}
