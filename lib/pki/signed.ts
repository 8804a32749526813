import { constants, type KeyObject, verify, X509Certificate } from "node:crypto";
import { signatureAlgorithm } from "./algorithms.ts";
import { DerReader, DerTag, readSingle } from "./der_reader.ts";

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

/** Whether the owner of this public key has signed it, with an algorithm whose signatures are believed; see `signatureAlgorithm`. */
export function isSignedBy(signed: Signed, key: KeyObject): boolean {
  const { signedBytes, signature } = signed;
  const algorithm = signatureAlgorithm(signed);
  if (algorithm === undefined || algorithm.key !== key.asymmetricKeyType) return false;
  const { digest, saltLength } = algorithm;
  const padding = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  try {
    return verify(digest, signedBytes, { key, ...padding }, signature);
  } catch {
    // A signature that is not even of its algorithm's form.
    return false;
  }
}
