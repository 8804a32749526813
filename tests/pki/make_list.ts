import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { Extension, X509Certificate, X509CrlGenerator } from "@peculiar/x509";
import { createPrivateKey } from "node:crypto";
import type { Credential } from "../../lib/pki/credential.ts";
import { CRL_NUMBER } from "../../lib/pki/crl.ts";
import { decodePem, encodePem } from "../../lib/pki/pem.ts";
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

/** A list of an authority with a P-256 key, with a number below 128 or none, made so many hours from now, and to be replaced so many. */
export async function makeListOf(
  issuer: Credential,
  serials: readonly string[],
  number: number | null,
  hours: number,
  next?: number,
): Promise<string> {
  const pkcs8 = createPrivateKey(issuer.privateKeyPem).export({ type: "pkcs8", format: "der" });
  const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const list = await X509CrlGenerator.create({
    issuer: new X509Certificate(issuer.certificatePem).subjectName,
    thisUpdate: new Date(Date.now() + hours * 3_600_000),
    ...(next === undefined ? {} : { nextUpdate: new Date(Date.now() + next * 3_600_000) }),
    entries: serials.map((serialNumber) => ({ serialNumber })),
    extensions: number === null ? [] : [new Extension(CRL_NUMBER, false, Uint8Array.of(2, 1, number))],
    signingAlgorithm,
    signingKey: await crypto.subtle.importKey("pkcs8", Uint8Array.from(pkcs8), signingAlgorithm, false, ["sign"]),
  });
  return encodePem("X509 CRL", new Uint8Array(list.rawData));
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
