import { createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { checkAuthorities } from "../pki/trust.ts";
import type { Options } from "./options.ts";
import type { Credentials } from "./tls_listener.ts";

/**
 * Reads the certificates that the options name.
 * @returns null when they name none.
 * @throws {Error} when one cannot be read, an authority is none, or the key is another certificate's.
 */
export async function readCredentials(options: Options): Promise<Credentials | null> {
  const inCerts = (file: string) => options.certs === undefined ? undefined : join(options.certs, file);
  const files = {
    ca: options.ca ?? inCerts("ca.pem"),
    certificate: options.cert ?? inCerts("server.pem"),
    key: options.key ?? inCerts("server-key.pem"),
  };
  const { ca, certificate, key } = files;
  if (ca === undefined && certificate === undefined && key === undefined) return null;
  if (ca === undefined || certificate === undefined || key === undefined) {
    throw new Error("Cannot use TLS: it takes --certs, or all of --ca, --cert and --key");
  }
  const credentials = { ca: await read(ca), certificate: await read(certificate), key: await read(key) };
  checkAuthorities(credentials.ca);
  // node:tls of Deno does not look, and would then fail every handshake.
  if (!belongTogether(credentials)) {
    throw new Error(`Cannot use the private key "${key}": it is not that of the certificate "${certificate}"`);
  }
  return credentials;
}

function belongTogether({ certificate, key }: Credentials): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new Error(
      `Cannot read "${path}": ${error instanceof Error ? error.message.replace(/ \(os error.*/, "") : error}`,
    );
  }
}
