/** Finds whole blocks; the label is the first group, base64 with line breaks the second. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\r\n]*)-----END \1-----/g;

/**
 * Reads the certificates of a PEM file (RFC 7468). Text between the blocks is skipped, as OpenSSL writes some.
 *
 * @returns DER, one for each; none if there is none.
 * @throws {SyntaxError} for a damaged block, and for one that holds something else, such as a private key.
 */
export function decodeCertificates(pem: string): Uint8Array<ArrayBuffer>[] {
  return decodePem(pem, "CERTIFICATE", "certificate");
}

/**
 * Reads the lists of revoked certificates of a PEM file, as {@linkcode decodeCertificates} does.
 *
 * @throws {SyntaxError} as that.
 */
export function decodeRevocationLists(pem: string): Uint8Array<ArrayBuffer>[] {
  return decodePem(pem, "X509 CRL", "revocation list");
}

function decodePem(pem: string, wanted: string, kind: string): Uint8Array<ArrayBuffer>[] {
  const blocks = [...pem.matchAll(BLOCK)];
  if (blocks.length !== pem.split("-----BEGIN").length - 1) {
    throw new SyntaxError("Cannot read PEM: a block is damaged");
  }
  return blocks.map(([, label = "", base64 = ""]) => {
    if (label !== wanted) throw new SyntaxError(`Cannot read PEM: "${label}" is no ${kind}`);
    try {
      return Uint8Array.fromBase64(base64);
    } catch (cause) {
      throw new SyntaxError("Cannot read PEM: a block is not base64", { cause });
    }
  });
}

/** Writes one PEM block with lines of 64 characters (RFC 7468, 2). */
export function encodePem(label: "CERTIFICATE" | "PRIVATE KEY", der: ArrayBuffer): string {
  const lines = new Uint8Array(der).toBase64().replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
