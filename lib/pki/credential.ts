/** A certificate and its private key. */
export interface Credential {
  /** The certificate, in PEM. */
  readonly certificatePem: string;
  /** The private key, as unencrypted PKCS#8 in PEM. */
  readonly privateKeyPem: string;
}
