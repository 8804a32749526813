import type { Credential } from "../../lib/pki/credential.ts";
import { decodePem } from "../../lib/pki/pem.ts";
import { Folder } from "./folder.ts";
import { openssl } from "./openssl.ts";

/** A list of the revoked serial numbers (upper case, whole bytes) made by OpenSSL; `lines` go into its extensions. */
export async function makeList(
  issuer: Credential,
  serials: readonly string[],
  lines: readonly string[] = [],
): Promise<string> {
  using folder = new Folder();
  const entries = serials.map((serial) => `R\t300101000000Z\t250101000000Z\t${serial}\tunknown\t/CN=x\n`);
  folder.write("index.txt", entries.join(""));
  const extensions = lines.length === 0 ? [] : ["crl_extensions=more"];
  const digest = issuer.privateKeyPem.length < 150 ? "default" : "sha256"; // Ed25519 keys are short, and have their own
  const own = ["[own]", `database=${folder.file("index.txt")}`, `default_md=${digest}`, ...extensions];
  const config = folder.write("openssl.cnf", ["[ca]", "default_ca=own", ...own, "[more]", ...lines, ""].join("\n"));
  const key = [
    "-cert",
    folder.write("ca.pem", issuer.certificatePem),
    "-keyfile",
    folder.write("key.pem", issuer.privateKeyPem),
  ];
  return await openssl("ca", "-config", config, ...key, "-gencrl", "-crldays", "1");
}

/** The first list of a file. */
export function derOfList(pem: string): Uint8Array<ArrayBuffer> {
  const [{ der } = { der: new Uint8Array() }] = decodePem(pem);
  return der;
}

/** The serial number of a certificate as `makeList` takes it. */
export async function serialOf({ certificatePem }: Pick<Credential, "certificatePem">): Promise<string> {
  using folder = new Folder();
  const path = folder.write("certificate.pem", certificatePem);
  return (await openssl("x509", "-noout", "-serial", "-in", path)).trim().replace("serial=", "");
}
