import { decodeCertificates } from "../../lib/pki/pem.ts";
import { Folder } from "./folder.ts";

/** Runs the `openssl` program and returns what it prints on stdout; an `Error` with stderr if it fails. */
export async function openssl(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("openssl", { args, stdin: "null" }).output();
  if (!success) throw new Error(`openssl ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** The text that `openssl x509` prints about a certificate. */
export async function describe(certificatePem: string): Promise<string> {
  using folder = new Folder();
  return await openssl("x509", "-noout", "-text", "-in", folder.write("certificate.pem", certificatePem));
}

/** The serial number that `openssl x509` prints for a certificate, as we write them. */
export async function serialOf(certificatePem: string): Promise<string> {
  using folder = new Folder();
  const printed = await openssl("x509", "-noout", "-serial", "-in", folder.write("certificate.pem", certificatePem));
  return printed.trim().replace(/^serial=0*/, "").toLowerCase();
}

/** Arguments of `openssl genpkey` for the usual kinds of keys. */
export const KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["EC P-256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]],
  ["EC P-384", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]],
  ["RSA 2048", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]],
  ["RSA 4096", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"]],
  ["Ed25519", ["-algorithm", "ED25519"]],
]);

/** The same for kinds of keys that few libraries, or none, believe. */
export const UNUSUAL_KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ["EC P-521", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]],
  ["EC secp256k1", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]],
  ["EC brainpoolP256r1", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"]],
  ["RSA 1024", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]],
  ["RSA-PSS 2048", ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]],
  ["Ed448", ["-algorithm", "ED448"]],
]);

/** What `openssl` shall make. */
export interface OpensslOptions {
  /** One of `KEYS` or `UNUSUAL_KEYS`. Default: EC P-256. */
  readonly key?: string;
  /** As `-subj` takes it. Default: `/CN=alice`. */
  readonly subject?: string;
  /** Lines of an extension file. */
  readonly extensions?: readonly string[];
  /** Who signs; itself if nobody. */
  readonly issuer?: { readonly certificatePem: string; readonly privateKeyPem: string };
  /** How it is signed, such as `-sha384`. */
  readonly signing?: readonly string[];
}

/** Makes a key, a request for a certificate and, with the extensions, a certificate, as people do with OpenSSL. */
export async function makeWithOpenssl(
  { key = "EC P-256", subject = "/CN=alice", extensions = [], issuer, signing = [] }: OpensslOptions,
): Promise<{ certificatePem: string; privateKeyPem: string; der: Uint8Array }> {
  using folder = new Folder();
  const [keyFile, request] = [folder.file("key.pem"), folder.file("request.pem")];
  await openssl("genpkey", ...KEYS.get(key) ?? UNUSUAL_KEYS.get(key) ?? [], "-out", keyFile);
  await openssl("req", "-new", "-utf8", "-key", keyFile, "-subj", subject, "-out", request);
  const signer = issuer === undefined ? ["-signkey", keyFile] : [
    `-CA=${folder.write("ca.pem", issuer.certificatePem)}`,
    `-CAkey=${folder.write("ca-key.pem", issuer.privateKeyPem)}`,
    `-CAserial=${folder.file("serial")}`,
    "-CAcreateserial",
  ];
  const extensionFile = folder.write("extensions", extensions.join("\n"));
  const what = ["-req", "-in", request, "-days", "2", "-extfile", extensionFile];
  const certificatePem = await openssl("x509", ...what, ...signer, ...signing);
  const [der = new Uint8Array()] = decodeCertificates(certificatePem);
  return { certificatePem, privateKeyPem: Deno.readTextFileSync(keyFile), der };
}

/** Verifies with every check that OpenSSL has, for the purpose `sslclient` or `sslserver`. */
export async function verify(caPem: string, certificatePem: string, purpose: string, ...more: string[]): Promise<void> {
  using folder = new Folder();
  const ca = folder.write("ca.pem", caPem);
  const certificate = folder.write("certificate.pem", certificatePem);
  await openssl("verify", "-x509_strict", "-check_ss_sig", "-purpose", purpose, ...more, "-CAfile", ca, certificate);
}
