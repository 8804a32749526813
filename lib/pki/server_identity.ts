import { isIP, isIPv4 } from "node:net";
import { ago } from "./ago.ts";
import { signatureProblem } from "./algorithms.ts";
import type { Authorities } from "./authorities.ts";
import {
  allowsKeyUsage,
  type Certificate,
  extendedKeyUsages,
  ExtensionType,
  isAuthority,
  parseCertificate,
} from "./certificate.ts";
import { DerReader, DerTag, readSingle } from "./der_reader.ts";
import { tlsProblem } from "./tls_problem.ts";

/** The extended key usage of TLS servers (RFC 5280, 4.2.1.12). */
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";
/** The kinds of `GeneralName` that a host is known by (RFC 5280, 4.2.1.6): `[2]` and `[7]`. */
const [DNS_NAME, IP_ADDRESS] = [0x82, 0x87];
const UNDERSTOOD = new Set<string>(Object.values(ExtensionType));

/** A server's certificate that does not show that it is who we mean. The message says why, after "its certificate". */
export class ServerIdentityError extends Error {
  /** The name of the class. */
  override readonly name = "ServerIdentityError";
}

/**
 * Makes sure, by a certificate alone, that it is that of a server which one of these authorities itself knows by this host: its
 * signature, its time, its purpose, its names. Nothing is left to the TLS library, which trusts more authorities than these. That the
 * server has the certificate's key is what the handshake has shown.
 *
 * @param der The certificate.
 * @param host A DNS name, or an IP address without brackets.
 * @param now The time for which it must be valid.
 * @throws {ServerIdentityError} and nothing else.
 */
export function checkServer(der: Uint8Array, host: string, authorities: Authorities, now: Date = new Date()): void {
  try {
    const certificate = parseCertificate(der);
    checkKind(certificate);
    checkSignature(certificate);
    if (authorities.problemOf(certificate, now) !== undefined) {
      throw new ServerIdentityError("is not from our authority: is our ca.pem that of the server?");
    }
    checkTime(certificate, now);
    const names = serverNames(certificate);
    if (names.some((name) => isNamed(host, name))) return;
    const others = names.map((name) => `"${name}"`).join(", ");
    throw new ServerIdentityError(others === "" ? "names no host" : `is not for "${host}", but for ${others}`);
  } catch (error) {
    if (error instanceof ServerIdentityError) throw error;
    throw new ServerIdentityError("cannot be read", { cause: error });
  }
}

/**
 * Makes sure that a server can be known by a certificate: its kind and purpose, and that TLS 1.3 can be spoken with it; see `tlsProblem`.
 * Libraries take others, and then fail every handshake. Not its time, which is over some day in any case.
 *
 * @param der The certificate.
 * @throws {ServerIdentityError} and nothing else.
 */
export function checkServable(der: Uint8Array): void {
  try {
    const certificate = parseCertificate(der);
    checkKind(certificate);
    const problem = tlsProblem(certificate);
    if (problem !== undefined) throw new ServerIdentityError(problem);
  } catch (error) {
    if (error instanceof ServerIdentityError) throw error;
    throw new ServerIdentityError("cannot be read", { cause: error });
  }
}

/**
 * The DNS names in lower case and the IP addresses in a certificate's subjectAltName, in their order; none if it has none.
 *
 * @throws {SyntaxError} if they cannot be read.
 */
export function serverNames({ extensions }: Certificate): string[] {
  const extension = extensions.get(ExtensionType.subjectAltName);
  if (extension === undefined) return [];
  const names = new DerReader(readSingle(extension.value, DerTag.sequence));
  const found: string[] = [];
  while (!names.done) {
    const { tag, content } = names.any();
    const name = tag === DNS_NAME ? readDnsName(content) : undefined;
    if (name !== undefined) found.push(name);
    if (tag === IP_ADDRESS) found.push(readAddress(content));
  }
  return found;
}

function checkKind(certificate: Certificate): void {
  const { version, extensions } = certificate;
  if (version !== 3) throw new ServerIdentityError(`is X.509 version ${version}, not 3`);
  if (isAuthority(certificate)) throw new ServerIdentityError("belongs to a certificate authority");
  if (!allowsKeyUsage(certificate, "digitalSignature")) throw new ServerIdentityError("is of a key that may not sign");
  if (extendedKeyUsages(certificate)?.includes(SERVER_AUTHENTICATION) === false) {
    throw new ServerIdentityError("is not for servers");
  }
  for (const [type, { critical }] of extensions) {
    if (critical && !UNDERSTOOD.has(type)) throw new ServerIdentityError(`has an unknown critical extension "${type}"`);
  }
}

function checkSignature({ signed }: Certificate): void {
  const problem = signatureProblem(signed);
  if (problem !== undefined) throw new ServerIdentityError(problem);
}

function checkTime({ notBefore, notAfter }: Certificate, now: Date): void {
  // Written so that a time that is not a number is refused.
  if (!(notBefore <= now)) {
    throw new ServerIdentityError(
      `is not valid before ${notBefore.toISOString()}: are the clocks right on both hosts?`,
    );
  }
  if (!(now <= notAfter)) {
    throw new ServerIdentityError(`expired ${ago(notAfter, now)}: teleworker certs renew server`);
  }
}

/** Whether a host has this name or address; `*` stands for one whole first label (RFC 9525, 6.3). */
function isNamed(host: string, name: string): boolean {
  if (isIP(host) !== 0 || isIP(name) !== 0) return isIP(host) !== 0 && canonical(host) === name;
  const wanted = host.toLowerCase().replace(/\.$/, "");
  if (!name.startsWith("*.")) return wanted === name;
  return name.split(".").length > 2 && wanted.indexOf(".") > 0 && wanted.slice(wanted.indexOf(".")) === name.slice(1);
}

/** A DNS name; `undefined` for what is none, though it may look like an address, or like something that a terminal obeys. */
function readDnsName(content: Uint8Array): string | undefined {
  const name = String.fromCharCode(...content).toLowerCase();
  return /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name) && isIP(name) === 0 ? name : undefined;
}

function readAddress(content: Uint8Array): string {
  if (content.length === 4) return content.join(".");
  if (content.length !== 16) throw new SyntaxError("Cannot read subject alternative names: one is no address");
  const groups = Array.from({ length: 8 }, (_, index) => content.subarray(2 * index, 2 * index + 2).toHex());
  return canonical(groups.join(":"));
}

/** An address as `URL` writes it, in which there is one way to write each. */
function canonical(address: string): string {
  return isIPv4(address) ? address : new URL(`http://[${address}]`).hostname.slice(1, -1);
}
