/** With TLS 1.3 a server judges our certificate when we have already begun to speak (RFC 8446, 2): it can only hang up. */
const CLOSED = "it closed the connection, as a server does that does not accept our certificate";

/**
 * What TLS and the HTTP client say, in the words of someone who has certificates to look after. The names are those of rustls
 * (docs.rs/rustls: `CertificateError`, `AlertDescription`).
 */
const REASONS: readonly (readonly [says: RegExp, reason: string | ((matched: readonly string[]) => string)])[] = [
  [/UnknownIssuer|BadSignature/, "its certificate is not from our authority: is our ca.pem that of the server?"],
  [
    /certificate expired(?:.*\((\d+) seconds ago\))?/,
    ([, seconds]) => `its certificate expired${ago(seconds)}: teleworker certs renew server`,
  ],
  [/certificate not valid yet/, "its certificate is not valid yet: are the clocks right on both hosts?"],
  [
    /certificate not valid for name "([^"]*)"(?:; certificate is only valid for (.*))?/,
    ([, host = "", names = ""]) => `its certificate is not for "${host}"${only(names)}`,
  ],
  [/KeyMismatch/, "the certificate and the private key do not belong together"],
  [/Connection refused/, "connection refused; is teleworkerd running there?"],
  [/close_notify|received fatal alert/, CLOSED],
];

/** What we show of ourselves. */
export interface ShownCertificate {
  readonly name: string;
  readonly certificatePem: string;
}

/** Why a request failed, without a final stop. The innermost cause says what happened; the outer ones only where. */
export function reasonOf(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  const text = innermost instanceof Error ? innermost.message : String(innermost);
  const known = REASONS.find(([says]) => says.test(text));
  if (known !== undefined) {
    const [says, reason] = known;
    return typeof reason === "string" ? reason : reason(says.exec(text) ?? []);
  }
  const last = text.split(": ").at(-1) ?? text;
  const reason = last.replace(/ \(os error \d+\)$/, "").trim() || text;
  return /^[A-Z][a-z]/.test(reason) ? reason.charAt(0).toLowerCase() + reason.slice(1) : reason;
}

/** As {@linkcode reasonOf}; if the server may have refused our certificate, it looks whether that is valid now. */
export async function explain(error: unknown, shown: ShownCertificate | null): Promise<string> {
  const reason = reasonOf(error);
  if (reason !== CLOSED || shown === null) return reason;
  // Only here: it takes longer to load than all the rest of a good start.
  const { X509Certificate } = await import("node:crypto");
  const { validFromDate, validToDate } = new X509Certificate(shown.certificatePem);
  const seconds = (Date.now() - validToDate.getTime()) / 1000;
  if (seconds > 0) return `our certificate expired${ago(String(seconds))}: teleworker certs renew ${shown.name}`;
  if (validFromDate.getTime() <= Date.now()) return reason;
  return `our certificate is not valid before ${validFromDate.toISOString()}: is the clock right?`;
}

/** ` 3 days ago`, in the largest whole unit; nothing for what is no number. */
function ago(seconds = ""): string {
  if (!/^\d/.test(seconds)) return "";
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]] as const;
  const [unit, size] = units.find(([, size]) => Number(seconds) >= size) ?? ["second", 1];
  const count = Math.floor(Number(seconds) / size);
  return ` ${count} ${unit}${count === 1 ? "" : "s"} ago`;
}

/** The hosts in `DnsName("a.example") or IpAddress(192.0.2.7)`, which is how rustls writes what a certificate is for. */
function only(names: string): string {
  const hosts = [...names.matchAll(/DnsName\("([^"]*)"\)|IpAddress\(([^)]*)\)/g)].map(([, name, address]) =>
    `"${name ?? address?.replace(/^0::/, "::")}"`
  );
  return hosts.length === 0 ? "" : `, but for ${hosts.join(", ")}`;
}
