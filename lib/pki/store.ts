import { dirname } from "node:path";
import { attempting } from "../base/system_error.ts";
import { type AuthorityOptions, createAuthority } from "./authority.ts";
import { authorityFiles, type CertificateFiles, clientFiles, serverFiles } from "./certificate_files.ts";
import type { CertificateContent } from "./certify.ts";
import { checkNotReserved } from "./client_name.ts";
import { clientCertificate, type ClientCertificateOptions } from "./client_certificate.ts";
import type { Credential } from "./credential.ts";
import { issue, sign } from "./issue.ts";
import type { KeyType } from "./key_type.ts";
import { pickPem, withFile } from "./pem_file.ts";
import { readCredential, readPemFile } from "./read_credential.ts";
import { serverCertificate, type ServerCertificateOptions } from "./server_certificate.ts";
import { checkPlace, checkReplaced } from "./server_place.ts";
import { readSigningRequest } from "./signing_request.ts";
import { takeTurns } from "./take_turns.ts";
import { writeCertificate, type WriteOptions, writePair } from "./write_pair.ts";

/** How a key is made and where its files go. */
export interface KeyOptions extends WriteOptions {
  /** Default: `ec-p256`. */
  readonly keyType?: KeyType | undefined;
}

/**
 * Makes a certificate authority in a folder, which is created with mode 0700 if it is not there: `ca.pem`, `ca-key.pem`.
 *
 * @throws {Deno.errors.AlreadyExists} if there is one, unless it is forced.
 * @throws {TypeError | RangeError} for options that cannot be; see `createAuthority`.
 */
export async function initAuthority(
  folder: string,
  options: AuthorityOptions & KeyOptions = {},
): Promise<CertificateFiles> {
  await attempting("make", folder, () => Deno.mkdir(folder, { recursive: true, mode: 0o700 }));
  using _turn = await takeTurns(folder);
  return await writePair(undefined, authorityFiles(folder), () => createAuthority(options), options);
}

/**
 * Makes the certificate of a server in the folder of its authority: `server.pem`, `server-key.pem`.
 *
 * @param hosts DNS names, IPv4 and IPv6 addresses; at least one.
 * @returns The paths of the files.
 * @throws {Deno.errors.NotFound} if the folder has no authority.
 * @throws {Deno.errors.AlreadyExists} if there is such a certificate, unless it is forced.
 * @throws {TypeError | RangeError} for hosts and options that cannot be; see `issueServerCertificate`.
 * @throws {Error} if the authority's files are unfit; see `issue` and `readCredential`.
 */
export async function addServer(
  folder: string,
  hosts: readonly string[],
  options: ServerCertificateOptions & KeyOptions = {},
): Promise<CertificateFiles> {
  return await add(folder, serverFiles(folder), serverCertificate(hosts, options), options);
}

/**
 * Makes the certificate of a client in the folder of its authority: `client-NAME.pem`, `client-NAME-key.pem`.
 *
 * @param name The user, in characters fit for a file name; see `parseClientName`.
 * @returns The paths of the files.
 * @throws {Deno.errors.NotFound} if the folder has no authority.
 * @throws {Deno.errors.AlreadyExists} if there is such a certificate, unless it is forced.
 * @throws {TypeError | RangeError} for names and options that cannot be; see `issueClientCertificate`.
 * @throws {Error} if the authority's files are unfit; see `issue` and `readCredential`.
 */
export async function addClient(
  folder: string,
  name: string,
  options: ClientCertificateOptions & KeyOptions = {},
): Promise<CertificateFiles> {
  checkNotReserved(name);
  return await add(folder, clientFiles(folder, name), clientCertificate(name, options), options);
}

/**
 * Signs the request of a server whose key stays where it is.
 *
 * @param request The path of the request, of which only the key is believed.
 * @param out The path of the certificate; `server.pem` beside the request by default.
 * @returns The path of the certificate.
 * @throws {SyntaxError} if the request is none, or not made by who has the key.
 * @throws {Error} as `addServer` does.
 */
export async function signServer(
  folder: string,
  hosts: readonly string[],
  request: string,
  { out, ...options }: ServerCertificateOptions & WriteOptions & { readonly out?: string | undefined } = {},
): Promise<string> {
  if (out !== undefined) await checkPlace(folder, out);
  const files = out === undefined ? serverFiles(dirname(request)) : { certificate: out, privateKey: keyBeside(out) };
  const check = (pem: string) => checkReplaced(files.certificate, pem, hosts, out !== undefined);
  return await signRequest(folder, files, serverCertificate(hosts, options), request, options, check);
}

/** The key that would belong to a certificate, as our own files are named. */
function keyBeside(certificate: string): string {
  return `${certificate.replace(/\.pem$/, "")}-key.pem`;
}

/**
 * Signs the request of a client whose key stays where it is. `client-NAME.pem` is put beside the request.
 *
 * @param request The path of the request, of which only the key is believed.
 * @returns The path of the certificate.
 * @throws {SyntaxError} if the request is none, or not made by who has the key.
 * @throws {Error} as `addClient` does.
 */
export async function signClient(
  folder: string,
  name: string,
  request: string,
  options: ClientCertificateOptions & WriteOptions = {},
): Promise<string> {
  checkNotReserved(name);
  const files = clientFiles(dirname(request), name);
  return await signRequest(folder, files, clientCertificate(name, options), request, options);
}

async function add(
  folder: string,
  files: CertificateFiles,
  content: CertificateContent,
  options: KeyOptions,
): Promise<CertificateFiles> {
  const authority = await readCredential(authorityFiles(folder));
  using _turn = await takeTurns(folder);
  return await issueFiles(folder, authority, files, content, options);
}

/** Makes a certificate and its key for who has the turn in the folder; see `takeTurns`. */
export async function issueFiles(
  folder: string,
  authority: Credential,
  files: CertificateFiles,
  content: CertificateContent,
  { keyType, force }: KeyOptions,
): Promise<CertificateFiles> {
  return await writePair(folder, files, () => issue(authority, content, keyType), { force });
}

async function signRequest(
  folder: string,
  files: CertificateFiles,
  content: CertificateContent,
  request: string,
  { force }: WriteOptions,
  check?: (certificatePem: string) => Promise<void>,
): Promise<string> {
  const authority = await readCredential(authorityFiles(folder));
  const publicKey = await readSigningRequest(pickPem(await readPemFile(request), "request", request))
    .catch((error) => {
      throw withFile(error, request);
    });
  using _turn = await takeTurns(folder);
  const certificatePem = await sign(authority, content, publicKey);
  await check?.(certificatePem);
  return await writeCertificate(folder, files, certificatePem, { force });
}
