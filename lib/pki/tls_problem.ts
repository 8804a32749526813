import { describeKey, signatureProblem } from "./algorithms.ts";
import type { Certificate } from "./certificate.ts";

/** The keys with which TLS 1.3 is spoken here, as `describeKey` names them; RSA keys also with more bits. */
const KEYS = ["ECDSA P-256", "ECDSA P-384", "ECDSA P-521", "Ed25519"];
const MIN_RSA_BITS = 2048;

/**
 * Tells why no handshake succeeds with a certificate of a server or a client, whoever trusts its issuer, as a clause without its subject:
 * libraries load such a certificate, and then fail every handshake. `undefined` if one can.
 */
export function tlsProblem({ signed, publicKeyInfo }: Certificate): string | undefined {
  const key = describeKey(publicKeyInfo);
  const [, bits] = /^RSA (\d+)$/.exec(key) ?? [];
  if (!KEYS.includes(key) && !(Number(bits) >= MIN_RSA_BITS)) {
    return `has a key of ${key}, with which TLS is not spoken here; ` +
      `RSA keys from ${MIN_RSA_BITS} bits, EC keys on P-256, P-384 and P-521, and Ed25519 keys are accepted`;
  }
  return signatureProblem(signed);
}
