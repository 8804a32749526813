import type { CertificateFiles } from "./certificate_files.ts";

/** A certificate and its private key. */
export interface Credential {
  /** The certificate, in PEM. */
  readonly certificatePem: string;
  /** The private key, as unencrypted PKCS#8 in PEM. */
  readonly privateKeyPem: string;
  /** Where they were read from; `undefined` for what was just made. */
  readonly files?: CertificateFiles;
}
