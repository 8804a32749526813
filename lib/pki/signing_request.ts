import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import {
  Name,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject } from "node:crypto";
import { describeKey, signatureProblem } from "./algorithms.ts";
import { checkCommonName } from "./common_name.ts";
import { DerTag, readSingle } from "./der_reader.ts";
import { parseHost } from "./host.ts";
import { exportPrivateKey } from "./issue.ts";
import { generateKeys, type KeyType } from "./key_type.ts";
import { decodePem, encodePem } from "./pem.ts";
import { isSignedBy, parseSigned } from "./signed.ts";

/** A key, and the request by which an authority elsewhere can sign a certificate for it. */
export interface SigningRequest {
  /** The request, PKCS #10 (RFC 2986) in PEM. */
  readonly requestPem: string;
  /** The private key, as unencrypted PKCS#8 in PEM. */
  readonly privateKeyPem: string;
}

/** Older programs say NEW (RFC 7468, 7). */
const LABELS = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
const AGAIN = "make it again with: teleworker certs request";
const ACCEPTED = "RSA keys of 2048 to 8192 bits, EC keys on P-256 and P-384, and Ed25519 keys are accepted";

/**
 * Makes a key and a request for a certificate. The names in it are for people to read: who signs says the names again.
 *
 * @param commonName 1 to 64 printable characters.
 * @param hosts DNS names and IP addresses of a server; none for a client.
 * @throws {TypeError} if the name or a host is not fit to be one.
 */
export async function createSigningRequest(
  commonName: string,
  hosts: readonly string[],
  keyType?: KeyType,
): Promise<SigningRequest> {
  checkCommonName(commonName);
  const names = hosts.map(parseHost);
  const keys = await generateKeys(keyType);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: new Name([{ CN: [{ utf8String: commonName }] }]),
    keys,
    signingAlgorithm: { hash: "SHA-256", ...keys.privateKey.algorithm },
    extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
  });
  return {
    requestPem: encodePem("CERTIFICATE REQUEST", request.rawData),
    privateKeyPem: await exportPrivateKey(keys.privateKey),
  };
}

/**
 * Reads a request and makes sure that who made it has the private key (proof of possession, RFC 2986, 3).
 *
 * @param pem One request, of ours or of OpenSSL's.
 * @returns The public key: of all that it says the only thing to be believed.
 * @throws {SyntaxError} if it is none, its signature is wrong, or its key is weak or of an unusual kind.
 */
export async function readSigningRequest(pem: string): Promise<CryptoKey> {
  const { publicKey, key, verified, problem } = await parseSigningRequest(pem);
  if (publicKey === undefined) throw refusal(`its key (${key}) is weak or of an unusual kind: ${ACCEPTED}`);
  if (problem !== undefined) throw refusal(`it ${problem}`);
  if (!verified) throw refusal(`its signature is wrong: who made it does not have the private key; ${AGAIN}`);
  return publicKey;
}

/** What a request says, and whether its signature is that of its key. */
export interface ParsedRequest {
  /** The key to be certified, unless it is weak or of an unusual kind. */
  readonly publicKey: CryptoKey | undefined;
  /** What kind of key it is, as text. */
  readonly key: string;
  /** Whether who made the request has the private key. */
  readonly verified: boolean;
  /** Why nothing can be known by its signature, as a clause without its subject; `undefined` if it can. */
  readonly problem: string | undefined;
  /** The subject it asks for, as text; not to be believed. */
  readonly subject: string;
  /** The hosts it asks for; not to be believed. */
  readonly hosts: readonly string[];
}

/**
 * Reads a request without believing it.
 *
 * @throws {SyntaxError} if it is none.
 */
export async function parseSigningRequest(pem: string): Promise<ParsedRequest> {
  const [block, ...others] = decodePem(pem);
  if (block === undefined || others.length > 0 || !LABELS.includes(block.label)) {
    throw refusal("exactly one CERTIFICATE REQUEST in PEM is needed");
  }
  try {
    const request = new Pkcs10CertificateRequest(block.der);
    const names = request.getExtension("2.5.29.17");
    const key = describeKey(readSingle(new Uint8Array(request.publicKey.rawData), DerTag.sequence));
    const accepted = isAccepted(key);
    const signed = parseSigned(block.der);
    return {
      publicKey: accepted ? await request.publicKey.export() : undefined,
      key,
      verified: accepted && isSignedBy(signed, keyOf(request)),
      problem: signatureProblem(signed),
      subject: request.subject,
      hosts: names === null || names === undefined
        ? []
        : new SubjectAlternativeNameExtension(names.rawData).names.toJSON().map(({ value }) => value),
    };
  } catch (cause) {
    throw refusal(`it is damaged; ${AGAIN}`, cause);
  }
}

function keyOf({ publicKey }: Pkcs10CertificateRequest): KeyObject {
  return createPublicKey({ key: Buffer.from(publicKey.rawData), format: "der", type: "spki" });
}

/** The kinds of keys that TLS 1.3 of both our sides knows (docs.rs/rustls, `SignatureScheme`), less those that are weak. */
function isAccepted(key: string): boolean {
  const bits = Number(/^RSA (\d+)$/.exec(key)?.[1]);
  return ["ECDSA P-256", "ECDSA P-384", "Ed25519"].includes(key) || (bits >= 2048 && bits <= 8192);
}

function refusal(reason: string, cause?: unknown): SyntaxError {
  return new SyntaxError(`Cannot read signing request: ${reason}`, cause === undefined ? {} : { cause });
}
