/**
 * Finds whole blocks; the label is the first group, base64 with line breaks the second. Both boundaries are at the beginning of a line: the
 * TLS library passes over a block that has something before them, be it a byte order mark.
 */
const BLOCK = /^-----BEGIN ([A-Z0-9 ]+)-----\r?\n((?:[A-Za-z0-9+/=]*\r?\n)*)-----END \1-----/gm;

/** A block of a PEM file. */
export interface PemBlock {
  /** What it holds: `CERTIFICATE`, `X509 CRL`, `CERTIFICATE REQUEST`. */
  readonly label: string;
  /** Its bytes, undecoded. */
  readonly der: Uint8Array<ArrayBuffer>;
}

/**
 * Reads the certificates of a PEM file (RFC 7468). Text between the blocks is skipped, as OpenSSL writes some.
 *
 * @returns DER, one for each; none if there is none.
 * @throws {SyntaxError} for a damaged block, and for one that holds something else, such as a private key.
 */
export function decodeCertificates(pem: string): Uint8Array<ArrayBuffer>[] {
  return decodePem(pem).map(({ label, der }) => {
    if (label !== "CERTIFICATE") throw new SyntaxError(`Cannot read PEM: "${label}" is no certificate`);
    return der;
  });
}

/**
 * Reads the blocks of a PEM file (RFC 7468), whatever they hold. Text between them is skipped.
 *
 * @throws {SyntaxError} for a damaged block.
 */
export function decodePem(pem: string): PemBlock[] {
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length !== pem.split("-----BEGIN").length - 1) {
    throw new SyntaxError("Cannot read PEM: a block is damaged");
  }
  return blocks.map(([, label = "", base64 = ""]) => {
    try {
      return { label, der: Uint8Array.fromBase64(base64) };
    } catch (cause) {
      throw new SyntaxError("Cannot read PEM: a block is not base64", { cause });
    }
  });
}

/** Writes one PEM block with lines of 64 characters (RFC 7468, 2). */
export function encodePem(
  label: "CERTIFICATE" | "CERTIFICATE REQUEST" | "PRIVATE KEY" | "X509 CRL",
  der: ArrayBuffer | Uint8Array<ArrayBuffer>,
): string {
  const lines = new Uint8Array(der).toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
