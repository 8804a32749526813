import type { KeyObject } from "node:crypto";
import { describeKey } from "./algorithms.ts";
import {
  allowsKeyUsage,
  type Certificate,
  describeSubject,
  ExtensionType,
  isAuthority,
  parseCertificate,
  validityProblem,
} from "./certificate.ts";
import { DerTag, readSingle } from "./der_reader.ts";
import { equalBytes } from "./der_values.ts";
import { unknownCritical } from "./extensions.ts";
import { decodeCertificates } from "./pem.ts";
import { isBelieved, isSignedBy, publicKeyOf } from "./signed.ts";

/** A certificate authority that is trusted. */
export interface Authority {
  /** Its own certificate. */
  readonly certificate: Certificate;
  /** The public key of that. */
  readonly key: KeyObject;
}

const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";

/** What is looked at here. Limits on names or policies, which are critical, are not, and so must be refused. */
const UNDERSTOOD = new Set<string>([ExtensionType.basicConstraints, ExtensionType.keyUsage]);

/**
 * Reads a file of trusted authorities, and makes sure that it has nothing else in it. The TLS library takes any certificate in
 * it for an authority: it trusts one of version 1 without looking at its signature, and lets in a client whose own certificate
 * it is.
 *
 * @param pem One or more certificates.
 * @param now The time at which one at least must be valid: others may be over, or still to come, where one takes another's place.
 * @throws {Error} that names the first that is no authority (version 3, CA:TRUE, may sign certificates, by a key whose signatures are
 * believed) or has a critical extension that is not understood (RFC 5280, 4.2), or the first if none is valid; or says that the file cannot
 * be read or has none.
 */
export function parseAuthorities(pem: string, now: Date = new Date()): [Authority, ...Authority[]] {
  const [first, ...others] = readAuthorities(pem);
  if (first === undefined) throw new Error("Cannot read trusted authorities: there is no certificate");
  const authorities: [Authority, ...Authority[]] = [first, ...others];
  for (const authority of authorities) refuseFor(authority.certificate, problemOf(authority));
  if (!authorities.some(({ certificate }) => validityProblem(certificate, now) === undefined)) requireValid(first, now);
  return authorities;
}

/**
 * Makes sure that an authority's certificate is valid.
 *
 * @throws {Error} if it is not.
 */
export function requireValid({ certificate }: Authority, now: Date = new Date()): void {
  refuseFor(certificate, validityProblem(certificate, now));
}

function refuseFor(certificate: Certificate, problem: string | undefined): void {
  if (problem !== undefined) throw new Error(`Cannot trust "${describeSubject(certificate)}": ${problem}`);
}

/**
 * Reads a file of authorities without asking whether they are to be trusted.
 *
 * @throws {Error} if it cannot be read, or an authority has a key that cannot be used.
 */
export function readAuthorities(pem: string): Authority[] {
  let parsed: { der: Uint8Array; certificate: Certificate }[];
  try {
    parsed = decodeCertificates(pem).map((der) => ({ der, certificate: parseCertificate(der) }));
  } catch (cause) {
    throw new Error(`Cannot read trusted authorities: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  return parsed.map(({ der, certificate }) => ({ certificate, key: readKey(der, certificate) }));
}

/** Tells why an authority's certificate is not trusted, whether or not it is valid now, as a clause; `undefined` if it is. */
export function authorityProblem(der: Uint8Array, certificate: Certificate): string | undefined {
  try {
    return problemOf({ certificate, key: publicKeyOf(der) });
  } catch {
    return keyProblem(certificate);
  }
}

function readKey(der: Uint8Array, certificate: Certificate): KeyObject {
  try {
    return publicKeyOf(der);
  } catch (cause) {
    throw new Error(`Cannot trust "${describeSubject(certificate)}": ${keyProblem(certificate)}`, { cause });
  }
}

function keyProblem({ publicKeyInfo }: Certificate): string {
  return `its key is weak or of an unusual kind (${describeKey(publicKeyInfo)}): nothing that it signs would be ` +
    "believed; RSA keys from 2048 to 8192 bits, EC keys on P-256 and P-384, and Ed25519 keys are accepted";
}

/** Whether an authority has signed a certificate or a list: by its name and, since there may be two of one, its key. */
export function hasIssued(
  { certificate, key }: Authority,
  { issuer, signed }: Pick<Certificate, "issuer" | "signed">,
): boolean {
  return equalBytes(issuer, certificate.subjectName) && isSignedBy(signed, key);
}

/**
 * The name of an authority's key (RFC 5280, 4.2.1.2); `undefined` if it has none.
 *
 * @throws {SyntaxError} if the extension cannot be read.
 */
export function subjectKeyIdentifier({ extensions }: Certificate): Uint8Array | undefined {
  const extension = extensions.get(SUBJECT_KEY_IDENTIFIER);
  return extension && readSingle(extension.value, DerTag.octetString);
}

function problemOf({ certificate, key }: Authority): string | undefined {
  if (certificate.version !== 3) return `it is X.509 version ${certificate.version}, not 3`;
  if (!isAuthority(certificate)) return "it does not belong to a certificate authority (CA:TRUE is missing)";
  if (!allowsKeyUsage(certificate, "keyCertSign")) return "its key may not sign certificates";
  if (!isBelieved(key)) return keyProblem(certificate);
  const unknown = unknownCritical(certificate.extensions, UNDERSTOOD);
  return unknown === undefined ? undefined : `its critical extension "${unknown}" is unknown`;
}
