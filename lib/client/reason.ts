import { codeOf, reasonOf as systemReason } from "../base/system_error.ts";
import { ago } from "../pki/ago.ts";
import { type Certificate, parseCertificate } from "../pki/certificate.ts";
import type { ClientCredential } from "../pki/find_client.ts";
import { decodeCertificates } from "../pki/pem.ts";
import { ServerIdentityError } from "../pki/server_identity.ts";
import { describeRenewal } from "./renewal.ts";

const CLOSED = "it closed the connection";
/** With TLS 1.3 a server judges our certificate when we have already begun to speak (RFC 8446, 2): it can only hang up. */
const REFUSED = `${CLOSED}, as a server does that does not accept our certificate: revoked, or of another authority?`;

/** What node:tls of Deno 2.9 says of certificates that it does not accept: the first of every one, the others of some chains. */
export const UNVERIFIED: readonly string[] = [
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
];

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

/**
 * By the names of rustls (docs.rs/rustls: `AlertDescription`, `InvalidMessage`, `PeerIncompatible`), which Deno passes on. What is
 * permanent stays so however often we try.
 */
const BY_TEXT: readonly (readonly [says: RegExp, reason: string, permanent?: "permanent"])[] = [
  [/alert: CertificateRevoked/, "it says that our certificate was revoked", "permanent"],
  [/alert: CertificateExpired/, "it says that our certificate has expired", "permanent"],
  [
    /alert: (?:UnknownCA|DecryptError|BadCertificate|CertificateUnknown)/,
    "it says that our certificate is not from an authority that it trusts",
    "permanent",
  ],
  [/alert: UnsupportedCertificate/, "it says that our certificate is not for clients", "permanent"],
  [/alert: (?:CertificateRequired|AccessDenied)/, "it does not accept our certificate", "permanent"],
  [/alert: ProtocolVersion|HandshakeNotComplete|NotSupported|Tls13/, "it does not speak TLS 1.3", "permanent"],
  [/alert/, REFUSED],
  [/close_notify|socket hang up/, REFUSED],
  [/corrupt message|InvalidContentType/, "it does not speak TLS; is that the port of teleworkerd?", "permanent"],
];

/** Codes of errors that stay: of the Unix socket of another account, and of a certificate that node:tls does not accept. */
const PERMANENT_CODES = ["EACCES", "EPERM", ...UNVERIFIED];

/** What we show of ourselves. */
export type ShownCertificate = Pick<ClientCredential, "name" | "certificatePem" | "files">;

/** Why a request failed, without a final stop. The innermost cause says what happened; the outer ones only where. */
export function reasonOf(error: unknown): string {
  if (error instanceof ServerIdentityError) return `its certificate ${error.message}`;
  const innermost = innermostOf(error);
  const text = textOf(innermost);
  const known = BY_TEXT.find(([says]) => says.test(text))?.[1] ?? BY_CODE[codeOf(innermost)];
  if (known !== undefined) return known;
  const words = systemReason(innermost);
  if (words !== text) return words;
  const last = text.split(": ").at(-1) ?? text;
  const reason = last.trim() || text;
  return /^[A-Z][a-z]/.test(reason) ? reason.charAt(0).toLowerCase() + reason.slice(1) : reason;
}

function innermostOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? innermostOf(error.cause) : error;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error stays however often we try: each side's refusal of the other's certificate, and an answer that is no HTTP or TLS. */
export function isPermanent(error: unknown, shown: ShownCertificate | null): boolean {
  if (error instanceof ServerIdentityError) return true;
  const innermost = innermostOf(error);
  const text = textOf(innermost);
  const code = codeOf(innermost);
  return BY_TEXT.find(([says]) => says.test(text))?.[2] !== undefined ||
    PERMANENT_CODES.includes(code) || code.startsWith("HPE_") || timeProblemOf(shown) !== undefined;
}

/**
 * As {@linkcode reasonOf}; if the server may have refused our certificate, it looks whether that is valid now.
 * @param accepted whether the server has answered us, and so accepted it.
 */
export function explain(error: unknown, shown: ShownCertificate | null, accepted = false): string {
  const reason = reasonOf(error);
  const told = reason === REFUSED && (accepted || shown === null) ? CLOSED : reason;
  return timeProblemOf(shown) ?? told;
}

/** Why our own certificate is not valid now; `undefined` if it is, or cannot be read. */
function timeProblemOf(shown: ShownCertificate | null): string | undefined {
  const certificate = shown === null ? undefined : readIfPossible(shown.certificatePem);
  if (shown === null || certificate === undefined) return undefined;
  const { notBefore, notAfter } = certificate;
  const now = new Date();
  if (now > notAfter) return `our certificate expired ${ago(notAfter, now)}: ${describeRenewal(shown)}`;
  if (now < notBefore) return `our certificate is not valid before ${notBefore.toISOString()}: is the clock right?`;
  return undefined;
}

/** The first certificate of a file, if it has nothing else in it: node:tls takes more than we do, such as one with its key behind it. */
function readIfPossible(pem: string): Certificate | undefined {
  try {
    return decodeCertificates(pem).map(parseCertificate)[0];
  } catch {
    return undefined;
  }
}
