import { DerReader, DerTag, readSingle } from "./der_reader.ts";
import { decodeObjectIdentifier } from "./der_values.ts";
import type { Signed } from "./signed.ts";

/** A signature algorithm whose signatures are believed, here and by the TLS library. */
export interface SignatureAlgorithm {
  /** The type of the key, as node:crypto names it. */
  readonly key: "ec" | "rsa" | "ed25519";
  /** The digest that is signed; `null` for an algorithm that has none of its own. */
  readonly digest: string | null;
  /** The bytes of the salt of RSA-PSS; `undefined` for all other algorithms. */
  readonly saltLength?: number;
}

const DIGESTS = [
  { digest: "sha256", bytes: 32, number: 1 },
  { digest: "sha384", bytes: 48, number: 2 },
  { digest: "sha512", bytes: 64, number: 3 },
] as const;

/** By the whole content of the algorithm's identifier, as the TLS library compares it (docs.rs/rustls-pki-types, `alg_id`). */
const ACCEPTED: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ["06032b6570", { key: "ed25519", digest: null }], // RFC 8410, 3
  ...DIGESTS.flatMap(({ digest, bytes, number }): [string, SignatureAlgorithm][] => {
    const rsa = `06092a864886f70d01010${(10 + number).toString(16)}`;
    const hash = `300d060960864801650304020${number}0500`;
    const mask = `a11c301a06092a864886f70d010108${hash}`;
    return [
      [`06082a8648ce3d04030${1 + number}`, { key: "ec", digest }], // RFC 5758, 3.2
      [`${rsa}0500`, { key: "rsa", digest }], // RFC 4055, 5
      [rsa, { key: "rsa", digest }],
      // RFC 4055, 3.1, with the mask's digest and the salt's length of TLS 1.3 (RFC 8446, 4.2.3).
      [
        `06092a864886f70d01010a3034a00f${hash}${mask}a2030201${bytes.toString(16)}`,
        { key: "rsa", digest, saltLength: bytes },
      ],
    ];
  }),
]);

const RSA_PSS = "1.2.840.113549.1.1.10";
/** What people call an algorithm or a curve (RFC 3279, 4055, 5480, 5639, 5758, 8017, 8410). */
const NAMES: Readonly<Record<string, string>> = {
  "1.2.840.10040.4.1": "DSA",
  "1.2.840.10040.4.3": "DSA with SHA-1",
  "2.16.840.1.101.3.4.3.2": "DSA with SHA-256",
  "1.2.840.113549.1.1.1": "RSA",
  "1.2.840.113549.1.1.4": "RSA with MD5",
  "1.2.840.113549.1.1.5": "RSA with SHA-1",
  "1.2.840.113549.1.1.11": "RSA with SHA-256",
  "1.2.840.113549.1.1.12": "RSA with SHA-384",
  "1.2.840.113549.1.1.13": "RSA with SHA-512",
  "1.2.840.113549.1.1.14": "RSA with SHA-224",
  "2.16.840.1.101.3.4.3.14": "RSA with SHA3-256",
  [RSA_PSS]: "RSA-PSS",
  "1.2.840.10045.2.1": "ECDSA",
  "1.2.840.10045.4.1": "ECDSA with SHA-1",
  "1.2.840.10045.4.3.1": "ECDSA with SHA-224",
  "1.2.840.10045.4.3.2": "ECDSA with SHA-256",
  "1.2.840.10045.4.3.3": "ECDSA with SHA-384",
  "1.2.840.10045.4.3.4": "ECDSA with SHA-512",
  "1.3.101.110": "X25519",
  "1.3.101.112": "Ed25519",
  "1.3.101.113": "Ed448",
  "1.2.840.10045.3.1.7": "P-256",
  "1.3.132.0.33": "P-224",
  "1.3.132.0.34": "P-384",
  "1.3.132.0.35": "P-521",
  "1.3.132.0.10": "secp256k1",
  "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
  "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
  "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
  "1.3.14.3.2.26": "SHA-1",
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
  "2.16.840.1.101.3.4.2.4": "SHA-224",
};

/** Finds the signature algorithm of a certificate, list or request; `undefined` for one whose signatures are not believed. */
export function signatureAlgorithm({ algorithm }: Signed): SignatureAlgorithm | undefined {
  return ACCEPTED.get(algorithm.toHex());
}

/** Tells why no signature of an algorithm is believed, as a clause without its subject; `undefined` if they are. */
export function signatureProblem(signed: Signed): string | undefined {
  if (signatureAlgorithm(signed) !== undefined) return undefined;
  const name = describeSignature(signed);
  const cure = name.startsWith("RSA-PSS")
    ? "of RSA-PSS only that with SHA-256, SHA-384 or SHA-512, the same for MGF1, and a salt as long as the digest " +
      "is accepted, which openssl makes with -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"
    : "ECDSA, RSA and RSA-PSS with SHA-256, SHA-384 or SHA-512, and Ed25519 are accepted";
  return `is signed with ${name}; ${cure}`;
}

/** Names the signature algorithm of a certificate, list or request for people, such as `ECDSA with SHA-256`. */
export function describeSignature({ algorithm }: Signed): string {
  try {
    const reader = new DerReader(algorithm);
    const type = decodeObjectIdentifier(reader.read(DerTag.objectIdentifier));
    return type === RSA_PSS ? describePss(reader) : NAMES[type] ?? type;
  } catch {
    return "an algorithm that cannot be read";
  }
}

/**
 * Names the kind of a public key for people, such as `ECDSA P-256` or `RSA 4096`.
 *
 * @param publicKeyInfo The content of a SubjectPublicKeyInfo.
 */
export function describeKey(publicKeyInfo: Uint8Array): string {
  try {
    const info = new DerReader(publicKeyInfo);
    const algorithm = new DerReader(info.read(DerTag.sequence));
    const type = decodeObjectIdentifier(algorithm.read(DerTag.objectIdentifier));
    const name = NAMES[type] ?? type;
    if (name === "ECDSA") {
      const curve = algorithm.optional(DerTag.objectIdentifier);
      const dotted = curve === undefined ? "parameters" : decodeObjectIdentifier(curve);
      return `ECDSA ${NAMES[dotted] ?? dotted}`;
    }
    return name === "RSA" || name === "RSA-PSS" ? `${name} ${modulusBits(info.read(DerTag.bitString))}` : name;
  } catch {
    return "a kind that cannot be read";
  }
}

function modulusBits(bitString: Uint8Array): number {
  const modulus = new DerReader(readSingle(bitString.subarray(1), DerTag.sequence)).read(DerTag.integer).toHex();
  return modulus === "" ? 0 : BigInt(`0x${modulus}`).toString(2).length;
}

/** RSASSA-PSS-params: what is left out is SHA-1, and 20 bytes of salt (RFC 4055, 3.1). */
function describePss(reader: DerReader): string {
  const parameters = new DerReader(reader.optional(DerTag.sequence) ?? new Uint8Array());
  const [hash, mask, salt] = [0xa0, 0xa1, 0xa2].map((tag) => parameters.optional(tag));
  const digest = hash === undefined ? "SHA-1" : nameOf(readSingle(hash, DerTag.sequence));
  let masked = "SHA-1";
  if (mask !== undefined) {
    const maskFunction = new DerReader(readSingle(mask, DerTag.sequence));
    maskFunction.read(DerTag.objectIdentifier);
    masked = nameOf(maskFunction.read(DerTag.sequence));
  }
  const bytes = salt === undefined ? 20 : Number(`0x${readSingle(salt, DerTag.integer).toHex()}`);
  return `RSA-PSS with ${digest}, MGF1 with ${masked} and a salt of ${bytes} bytes`;
}

function nameOf(identifier: Uint8Array): string {
  const type = decodeObjectIdentifier(new DerReader(identifier).read(DerTag.objectIdentifier));
  return NAMES[type] ?? type;
}
