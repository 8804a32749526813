/** The kinds of keys that are made here. ECDSA P-256 is small, fast, and known to every TLS library. */
export const KEY_TYPES = ["ec-p256", "ed25519", "rsa-4096"] as const;

/** A kind of key. */
export type KeyType = typeof KEY_TYPES[number];

const ALGORITHMS = {
  "ec-p256": { name: "ECDSA", namedCurve: "P-256" },
  "ed25519": { name: "Ed25519" },
  "rsa-4096": {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 4096,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
} as const;

/** Makes a key pair for signatures, whose private key can be exported. */
export async function generateKeys(type: KeyType = "ec-p256"): Promise<CryptoKeyPair> {
  const keys = await crypto.subtle.generateKey(ALGORITHMS[type], true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new TypeError(`Cannot make a key pair: "${type}" is none`);
  return keys;
}
