import { attempting } from "../base/system_error.ts";
import { type CertificateFiles, clientFiles, requestFile, serverFiles } from "./certificate_files.ts";
import { checkNotReserved } from "./client_name.ts";
import type { KeyType } from "./key_type.ts";
import { checkKeyPlace } from "./server_place.ts";
import { SERVER_NAME } from "./server_certificate.ts";
import { createSigningRequest } from "./signing_request.ts";
import { takeTurns } from "./take_turns.ts";
import { replaceFiles, writeNewFiles } from "./write_files.ts";

/** How a key and its request are made. */
export interface RequestOptions {
  /** Default: `ec-p256`. */
  readonly keyType?: KeyType | undefined;
  /** Whether files that are there are replaced. Default: no. */
  readonly force?: boolean | undefined;
}

/** The files of a key that waits for its certificate. */
export interface RequestFiles {
  /** The path of the request, which goes to where the authority is. */
  readonly request: string;
  /** The path of the private key, which stays. */
  readonly privateKey: string;
}

/**
 * Makes a server's key and a request for its certificate: `server-key.pem`, `server.csr`. The folder needs no authority.
 *
 * @param hosts What the request asks for; who signs it says them again.
 * @throws {Deno.errors.AlreadyExists} if one of the files is there, unless it is forced.
 * @throws {Error} if there is a certificate of other hosts.
 * @throws {TypeError} if a host is neither a DNS name nor an address.
 */
export async function requestServer(
  folder: string,
  hosts: readonly string[],
  options: RequestOptions = {},
): Promise<RequestFiles> {
  return await write(folder, serverFiles(folder), SERVER_NAME, hosts, options, () => checkKeyPlace(folder, hosts));
}

/**
 * Makes a client's key and a request for its certificate: `client-NAME-key.pem`, `client-NAME.csr`.
 *
 * @throws {Deno.errors.AlreadyExists} if one of the files is there, unless it is forced.
 * @throws {TypeError} if the name is not fit for a file.
 */
export async function requestClient(
  folder: string,
  name: string,
  options: RequestOptions = {},
): Promise<RequestFiles> {
  checkNotReserved(name);
  return await write(folder, clientFiles(folder, name), name, [], options);
}

async function write(
  folder: string,
  files: CertificateFiles,
  commonName: string,
  hosts: readonly string[],
  { keyType, force }: RequestOptions,
  check?: () => Promise<void>,
): Promise<RequestFiles> {
  const { requestPem, privateKeyPem } = await createSigningRequest(commonName, hosts, keyType);
  await attempting("make", folder, () => Deno.mkdir(folder, { recursive: true, mode: 0o700 }));
  using _turn = await takeTurns(folder);
  await check?.();
  const [request, { privateKey }] = [requestFile(files), files];
  await (force ? replaceFiles : writeNewFiles)([[request, requestPem], [privateKey, privateKeyPem]]);
  return { request, privateKey };
}
