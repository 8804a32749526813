import { ago } from "../pki/ago.ts";
import { type Certificate, parseCertificate } from "../pki/certificate.ts";
import { decodeCertificates } from "../pki/pem.ts";
import { ServerIdentityError } from "../pki/server_identity.ts";

const CLOSED = "it closed the connection";
/** With TLS 1.3 a server judges our certificate when we have already begun to speak (RFC 8446, 2): it can only hang up. */
const REFUSED = `${CLOSED}, as a server does that does not accept our certificate: revoked, or of another authority?`;

const NOT_THERE = "is teleworkerd running there?";

/** By the codes of libuv and node:http. */
const BY_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: `connection refused; ${NOT_THERE}`,
  ENOTFOUND: "no host has this name",
  EAI_AGAIN: "its name cannot be looked up now",
  ENOENT: `no such file or directory; ${NOT_THERE}`,
  EACCES: "permission denied",
  ETIMEDOUT: "it did not answer",
  EHOSTUNREACH: "there is no way to this host",
  ENETUNREACH: "there is no way to this network",
  ECONNRESET: REFUSED,
  EPIPE: REFUSED,
};

/** By the names of rustls (docs.rs/rustls: `AlertDescription`, `InvalidMessage`, `PeerIncompatible`), which Deno passes on. */
const BY_TEXT: readonly (readonly [says: RegExp, reason: string])[] = [
  [/alert: CertificateRevoked/, "it says that our certificate was revoked"],
  [/alert: CertificateExpired/, "it says that our certificate has expired"],
  [
    /alert: (?:UnknownCA|DecryptError|BadCertificate|CertificateUnknown)/,
    "it says that our certificate is not from an authority that it trusts",
  ],
  [/alert: UnsupportedCertificate/, "it says that our certificate is not for clients"],
  [/alert: (?:CertificateRequired|AccessDenied)/, "it does not accept our certificate"],
  [/alert: ProtocolVersion|HandshakeNotComplete|NotSupported|Tls13/, "it does not speak TLS 1.3"],
  [/alert/, REFUSED],
  [/close_notify|socket hang up/, REFUSED],
  [/corrupt message|InvalidContentType/, "it does not speak TLS; is that the port of teleworkerd?"],
];

/** What we show of ourselves. */
export interface ShownCertificate {
  readonly name: string;
  readonly certificatePem: string;
}

/** Why a request failed, without a final stop. The innermost cause says what happened; the outer ones only where. */
export function reasonOf(error: unknown): string {
  if (error instanceof ServerIdentityError) return `its certificate ${error.message}`;
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  const text = innermost instanceof Error ? innermost.message : String(innermost);
  const known = BY_TEXT.find(([says]) => says.test(text))?.[1] ?? BY_CODE[codeOf(innermost)];
  if (known !== undefined) return known;
  const last = text.split(": ").at(-1) ?? text;
  const reason = last.replace(/ \(os error \d+\)$/, "").trim() || text;
  return /^[A-Z][a-z]/.test(reason) ? reason.charAt(0).toLowerCase() + reason.slice(1) : reason;
}

/** What libuv or node:tls calls an error; "" for what they do not. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** As {@linkcode reasonOf}; if the server may have refused our certificate, it looks whether that is valid now. */
export function explain(error: unknown, shown: ShownCertificate | null): string {
  const reason = reasonOf(error);
  if (shown === null) return reason === REFUSED ? CLOSED : reason;
  const certificate = readIfPossible(shown.certificatePem);
  if (certificate === undefined) return reason;
  const { notBefore, notAfter } = certificate;
  const now = new Date();
  if (now > notAfter) return `our certificate expired ${ago(notAfter, now)}: teleworker certs renew ${shown.name}`;
  if (now < notBefore) return `our certificate is not valid before ${notBefore.toISOString()}: is the clock right?`;
  return reason;
}

/** The first certificate of a file, if it has nothing else in it: node:tls takes more than we do, such as one with its key behind it. */
function readIfPossible(pem: string): Certificate | undefined {
  try {
    return decodeCertificates(pem).map(parseCertificate)[0];
  } catch {
    return undefined;
  }
}
