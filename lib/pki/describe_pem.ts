import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { X509Certificate } from "@peculiar/x509";
import { describeKey, describeSignature, signatureProblem } from "./algorithms.ts";
import { type Certificate, isAuthority, parseCertificate } from "./certificate.ts";
import { parseRevocationList } from "./crl.ts";
import { describeDer } from "./der_file.ts";
import { hostsOf, identityOf, isServer } from "./issued.ts";
import { identify } from "./identity.ts";
import { decodePem, encodePem, type PemBlock } from "./pem.ts";
import { parseSigningRequest } from "./signing_request.ts";
import { tlsProblem } from "./tls_problem.ts";
import { authorityProblem } from "./trust.ts";

/** What may stand in one file with a certificate, and is not shown. */
const BESIDES = /PRIVATE KEY$|^EC PARAMETERS$/;

/** A fact and what it is called. The text may have been written by anybody. */
export type Fact = readonly [name: string, text: string];

/**
 * Describes certificates, requests and revocation lists, a group of facts each.
 *
 * @param pem One or more of them.
 * @throws {SyntaxError} if there is none, one is damaged, or it is something else, such as a private key; see `fillIn` for <FILE> and <NEW> in it.
 */
export async function describePem(pem: string): Promise<Fact[][]> {
  const fault = describeDer(pem);
  if (fault !== undefined) throw new SyntaxError(fault);
  const all = decodePem(pem);
  const shown = all.filter(({ label }) => !BESIDES.test(label));
  const blocks = shown.length === 0 ? all : shown;
  if (blocks.length === 0) throw new SyntaxError("there is nothing in PEM in it");
  return await Promise.all(blocks.map(describeBlock));
}

async function describeBlock({ label, der }: PemBlock): Promise<Fact[]> {
  switch (label) {
    case "CERTIFICATE":
      return await describeCertificate(der);
    case "CERTIFICATE REQUEST":
    case "NEW CERTIFICATE REQUEST":
      return await describeRequest(der);
    case "X509 CRL":
      return describeList(der);
    default:
      throw new SyntaxError(`"${label}" is no certificate, request or revocation list`);
  }
}

async function describeCertificate(der: Uint8Array<ArrayBuffer>): Promise<Fact[]> {
  const parsed = parseCertificate(der);
  const { subject, issuer, hosts } = readByLibrary("a certificate", () => {
    const { subject, issuer } = new X509Certificate(der);
    return { subject, issuer, hosts: hostsOf(parsed) };
  });
  return [
    ["certificate", subject],
    ["issuer", issuer],
    ["serial", parsed.serial],
    ["for", describePurpose(der, parsed)],
    ...(hosts.length === 0 ? [] : [["hosts", hosts.join(", ")] as const]),
    ["key", describeKey(parsed.publicKeyInfo)],
    ["signed with", describeSignature(parsed.signed)],
    ["valid from", parsed.notBefore.toISOString()],
    ["valid until", parsed.notAfter.toISOString()],
    ["sha256", new Uint8Array(await crypto.subtle.digest("SHA-256", der)).toHex()],
  ];
}

/** Names what a certificate is good for while it is valid, or says why it is good for nothing. */
function describePurpose(der: Uint8Array, parsed: Certificate): string {
  if (isAuthority(parsed)) {
    const problem = authorityProblem(der, parsed);
    return problem === undefined ? "authority" : `nobody: ${problem}`;
  }
  const problem = tlsProblem(parsed);
  if (problem !== undefined) return `nobody: it ${problem}`;
  return isServer(parsed) && identityOf(der) === undefined ? "server" : describeClient(der, parsed.notAfter);
}

/** What the daemon would take a client for while the certificate is valid. */
function describeClient(der: Uint8Array, now: Date): string {
  try {
    const { name, role } = identify(der, now);
    return `client "${name}", ${role}`;
  } catch (error) {
    return `nobody: ${error instanceof Error ? error.message : error}`;
  }
}

async function describeRequest(der: Uint8Array<ArrayBuffer>): Promise<Fact[]> {
  const { subject, hosts, key, verified, problem } = await parseSigningRequest(encodePem("CERTIFICATE REQUEST", der));
  return [
    ["request", subject],
    ...(hosts.length === 0 ? [] : [["hosts", hosts.join(", ")] as const]),
    ["key", key],
    ["signature", describeVerdict(verified, problem)],
  ];
}

function describeVerdict(verified: boolean, problem: string | undefined): string {
  if (verified) return "right: who made it has the key";
  return problem === undefined ? "wrong, or of a key that is not accepted" : `not accepted: it ${problem}`;
}

function describeList(der: Uint8Array<ArrayBuffer>): Fact[] {
  const { issuerText, thisUpdate, nextUpdate, revocations, signed } = parseRevocationList(der);
  const problem = signatureProblem(signed);
  return [
    ["revocations", issuerText],
    ["signed with", describeSignature(signed)],
    ...(problem === undefined ? [] : [["not used", `it ${problem}`] as const]),
    ["made", thisUpdate.toISOString()],
    ["valid until", nextUpdate?.toISOString() ?? "for ever"],
    ...[...revocations].map(([serial, since]): Fact => ["revoked", `${serial} on ${since.toISOString()}`]),
  ];
}

/** What a library reads, whose errors are of many kinds. */
function readByLibrary<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new SyntaxError(`${what} is damaged`, { cause });
  }
}
