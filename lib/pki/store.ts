import { type AuthorityOptions, createAuthority } from "./authority.ts";
import { authorityFiles, type CertificateFiles, clientFiles, serverFiles } from "./certificate_files.ts";
import { type ClientCertificateOptions, issueClientCertificate } from "./client_certificate.ts";
import type { Credential } from "./credential.ts";
import { readCredential } from "./read_credential.ts";
import { issueServerCertificate, type ServerCertificateOptions } from "./server_certificate.ts";
import { writeNewFiles } from "./write_new_files.ts";

/**
 * Makes a certificate authority in a folder, which is created with mode 0700 if it is not there: `ca.pem`, `ca-key.pem`.
 *
 * @throws {Deno.errors.AlreadyExists} if there is one.
 * @throws {TypeError | RangeError} for options that cannot be; see `createAuthority`.
 */
export async function initAuthority(folder: string, options?: AuthorityOptions): Promise<CertificateFiles> {
  const authority = await createAuthority(options);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  return await write(authorityFiles(folder), authority);
}

/**
 * Makes the certificate of a server in the folder of its authority: `server.pem`, `server-key.pem`.
 *
 * @param hosts DNS names, IPv4 and IPv6 addresses; at least one.
 * @throws {Deno.errors.NotFound} if the folder has no authority.
 * @throws {Deno.errors.AlreadyExists} if there is such a certificate.
 * @throws {TypeError | RangeError} for hosts and options that cannot be; see `issueServerCertificate`.
 * @throws {Error} if the authority's files are unfit; see `issue` and `readCredential`.
 */
export async function addServer(
  folder: string,
  hosts: readonly string[],
  options?: ServerCertificateOptions,
): Promise<CertificateFiles> {
  const authority = await readCredential(authorityFiles(folder));
  return await write(serverFiles(folder), await issueServerCertificate(authority, hosts, options));
}

/**
 * Makes the certificate of a client in the folder of its authority: `client-NAME.pem`, `client-NAME-key.pem`.
 *
 * @param name The user, in characters fit for a file name; see `parseClientName`.
 * @throws {Deno.errors.NotFound} if the folder has no authority.
 * @throws {Deno.errors.AlreadyExists} if there is such a certificate.
 * @throws {TypeError | RangeError} for names and options that cannot be; see `issueClientCertificate`.
 * @throws {Error} if the authority's files are unfit; see `issue` and `readCredential`.
 */
export async function addClient(
  folder: string,
  name: string,
  options?: ClientCertificateOptions,
): Promise<CertificateFiles> {
  const files = clientFiles(folder, name);
  const authority = await readCredential(authorityFiles(folder));
  return await write(files, await issueClientCertificate(authority, name, options));
}

async function write(
  files: CertificateFiles,
  { certificatePem, privateKeyPem }: Credential,
): Promise<CertificateFiles> {
  await writeNewFiles([[files.certificate, certificatePem], [files.privateKey, privateKeyPem]]);
  return files;
}
