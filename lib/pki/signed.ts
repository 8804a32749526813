import { type KeyObject, verify, X509Certificate } from "node:crypto";
import { DerReader, DerTag, readSingle } from "./der_reader.ts";
import { decodeObjectIdentifier } from "./der_values.ts";

/**
 * What somebody has signed: a certificate, a list of revoked ones, or a request, which have the same frame (RFC 5280, 4.1.1 and 5.1.1;
 * RFC 2986, 4.2).
 */
export interface Signed {
  /** What the signature is over: the content with its tag and length. */
  readonly signedBytes: Uint8Array;
  /** The content of the algorithm's identifier. */
  readonly algorithm: Uint8Array;
  /** The signature. */
  readonly signature: Uint8Array;
}

/** The digest of each signature algorithm (RFC 5758, 3.2; RFC 4055, 5; RFC 8410, 3: none of its own). SHA-1 is not among them. */
const DIGESTS: ReadonlyMap<string, { readonly key: string; readonly digest: string | null }> = new Map([
  ["1.2.840.10045.4.3.2", { key: "ec", digest: "sha256" }],
  ["1.2.840.10045.4.3.3", { key: "ec", digest: "sha384" }],
  ["1.2.840.10045.4.3.4", { key: "ec", digest: "sha512" }],
  ["1.2.840.113549.1.1.11", { key: "rsa", digest: "sha256" }],
  ["1.2.840.113549.1.1.12", { key: "rsa", digest: "sha384" }],
  ["1.2.840.113549.1.1.13", { key: "rsa", digest: "sha512" }],
  ["1.3.101.112", { key: "ed25519", digest: null }],
]);

/**
 * Reads the frame of what is signed.
 *
 * @param der Exactly one certificate, list or request.
 * @throws {SyntaxError} for everything that is not DER.
 */
export function parseSigned(der: Uint8Array): Signed {
  const frame = new DerReader(readSingle(der, DerTag.sequence));
  const signedBytes = frame.whole(DerTag.sequence);
  const algorithm = frame.read(DerTag.sequence);
  const [unused, ...signature] = frame.read(DerTag.bitString);
  frame.end();
  if (unused !== 0) throw new SyntaxError("Cannot read signature: it is not whole bytes");
  return { signedBytes, algorithm, signature: Uint8Array.from(signature) };
}

/** The public key of a certificate in DER. */
export function publicKeyOf(certificate: Uint8Array): KeyObject {
  return new X509Certificate(certificate).publicKey;
}

/**
 * Whether signatures by this key are believed, here and by the TLS library (docs.rs/rustls-webpki, `aws_lc_rs`): RSA from 2048 to 8192 bits,
 * P-256, P-384, Ed25519.
 */
export function isBelieved({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails;
  switch (asymmetricKeyType) {
    case "rsa":
      return modulusLength >= 2048 && modulusLength <= 8192;
    case "ec":
      return namedCurve === "prime256v1" || namedCurve === "secp384r1";
    default:
      return asymmetricKeyType === "ed25519";
  }
}

/** Whether the owner of this public key has signed it, with an algorithm that is used today (ECDSA, RSA PKCS #1, Ed25519). */
export function isSignedBy({ signedBytes, algorithm, signature }: Signed, key: KeyObject): boolean {
  try {
    const known = DIGESTS.get(decodeObjectIdentifier(new DerReader(algorithm).read(DerTag.objectIdentifier)));
    return known !== undefined && known.key === key.asymmetricKeyType &&
      verify(known.digest, signedBytes, key, signature);
  } catch {
    // An algorithm that has no name, or a signature that is not even of its form.
    return false;
  }
}
