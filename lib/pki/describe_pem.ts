import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { X509Certificate } from "@peculiar/x509";
import { isAuthority, parseCertificate } from "./certificate.ts";
import { parseRevocationList } from "./crl.ts";
import { hostsOf, identityOf, isServer } from "./issued.ts";
import { identify } from "./identity.ts";
import { describeAlgorithm } from "./key_type.ts";
import { decodePem, encodePem, type PemBlock } from "./pem.ts";
import { parseSigningRequest } from "./signing_request.ts";

/** A fact and what it is called. The text may have been written by anybody. */
export type Fact = readonly [name: string, text: string];

/**
 * Describes certificates, requests and revocation lists, a group of facts each.
 *
 * @param pem One or more of them.
 * @throws {SyntaxError} if there is none, one is damaged, or it is something else, such as a private key.
 */
export async function describePem(pem: string): Promise<Fact[][]> {
  const blocks = decodePem(pem);
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
  const { subject, issuer, publicKey, hosts } = readByLibrary("a certificate", () => {
    const { subject, issuer, publicKey } = new X509Certificate(der);
    return { subject, issuer, publicKey: describeAlgorithm(publicKey.algorithm), hosts: hostsOf(parsed) };
  });
  const serverAlone = isServer(parsed) && identityOf(der) === undefined;
  return [
    ["certificate", subject],
    ["issuer", issuer],
    ["serial", parsed.serial],
    ["for", isAuthority(parsed) ? "authority" : serverAlone ? "server" : describeClient(der, parsed.notAfter)],
    ...(hosts.length === 0 ? [] : [["hosts", hosts.join(", ")] as const]),
    ["key", publicKey],
    ["valid from", parsed.notBefore.toISOString()],
    ["valid until", parsed.notAfter.toISOString()],
    ["sha256", new Uint8Array(await crypto.subtle.digest("SHA-256", der)).toHex()],
  ];
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
  const { subject, hosts, key, verified } = await parseSigningRequest(encodePem("CERTIFICATE REQUEST", der));
  return [
    ["request", subject],
    ...(hosts.length === 0 ? [] : [["hosts", hosts.join(", ")] as const]),
    ["key", key],
    ["signature", verified ? "right: who made it has the key" : "wrong, or of a key that is not accepted"],
  ];
}

function describeList(der: Uint8Array<ArrayBuffer>): Fact[] {
  const { issuerText, thisUpdate, nextUpdate, revocations } = parseRevocationList(der);
  return [
    ["revocations", issuerText],
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
