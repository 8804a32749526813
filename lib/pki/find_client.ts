import { joinPath } from "../base/paths.ts";
import { codeOf } from "../base/system_error.ts";
import { readTrustedFile } from "../base/trusted_file.ts";
import { describeNarrowing, othersCanWrite } from "../base/trusted_path.ts";
import { commonNames, parseCertificate } from "./certificate.ts";
import { authorityFiles, type CertificateFiles, clientFiles, listClients, SECRET_FILES } from "./certificate_files.ts";
import { parseClientName } from "./client_name.ts";
import type { Credential } from "./credential.ts";
import { decodeCertificates } from "./pem.ts";
import { pickPem } from "./pem_file.ts";
import { requirePrivate } from "./read_credential.ts";

/** What a client needs for mutual TLS. */
export interface ClientCredential extends Credential {
  /** The authorities to trust, in PEM. */
  readonly caPem: string;
  /** The path of the authorities. */
  readonly caFile: string;
  /** The paths of the certificate and its key. */
  readonly files: CertificateFiles;
  /** The name of the client in the names of its files. */
  readonly name: string;
}

/**
 * Reads a client's certificate from the first of the folders that has a `ca.pem`, or a `ca.crt`. It parses none of ours, since every
 * start of a command line client comes along here. Where there is no client of ours, it is that of a mounted Secret of Kubernetes.
 *
 * @param name The client; not needed if the folder has only one.
 * @throws {Deno.errors.NotFound} if no folder has a `ca.pem`, or the one that has has no such client.
 * @throws {Deno.errors.PermissionDenied} if others than the owner have access to the private key, or others than owner and group can write
 * to the folder or its `ca.pem`.
 * @throws {PemFileError} if a file holds something else.
 * @throws {TypeError} if the name cannot be one.
 * @throws {Error} if there are several clients and no name.
 */
export async function findClient(folders: readonly string[], name?: string): Promise<ClientCredential> {
  if (name !== undefined) parseClientName(name);
  for (const folder of folders) {
    const authority = await readFirst(authorityFiles(folder).certificate, joinPath(folder, SECRET_FILES.authority));
    if (authority === undefined) continue;
    const { path: caFile, text } = authority;
    const clients = await listClients(folder);
    const mounted = clients.length === 0 ? await readMounted(folder, name) : undefined;
    const client = mounted?.name ?? chooseClient(folder, clients, name);
    const files = mounted?.files ?? clientFiles(folder, client);
    return { caPem: pickPem(text, "authorities", caFile), caFile, name: client, ...await readClient(files), files };
  }
  throw new Deno.errors.NotFound(
    `Cannot find certificates: there is no "ca.pem" in ${
      quote(folders) || "no folder"
    }; name their folder with --certs`,
  );
}

function chooseClient(folder: string, clients: string[], name: string | undefined): string {
  const [first, ...others] = clients;
  if (first === undefined) {
    throw new Deno.errors.NotFound(`Cannot find a client certificate in "${folder}": there is none`);
  }
  if (name === undefined) {
    if (others.length === 0) return first;
    throw new Error(
      `Cannot choose a client certificate in "${folder}": there are ${quote(clients)}; choose one with --identity`,
    );
  }
  if (clients.includes(name)) return name;
  throw new Deno.errors.NotFound(
    `Cannot find client certificate "${name}" in "${folder}": there ${others.length === 0 ? "is" : "are"} only ${
      quote(clients)
    }`,
  );
}

/** The files of a mounted Secret, and the common name in its certificate; `undefined` if there is none, or it is not the one wanted. */
async function readMounted(
  folder: string,
  wanted: string | undefined,
): Promise<{ name: string; files: CertificateFiles } | undefined> {
  const certificate = joinPath(folder, SECRET_FILES.certificate);
  const text = await readIfThere(certificate);
  if (text === undefined) return undefined;
  const [der = new Uint8Array()] = decodeCertificates(pickPem(text, "certificate", certificate));
  const [name = SECRET_FILES.certificate] = commonNames(parseCertificate(der));
  if (wanted === undefined || wanted === name) {
    return { name, files: { certificate, privateKey: joinPath(folder, SECRET_FILES.privateKey) } };
  }
  throw new Deno.errors.NotFound(
    `Cannot find client certificate "${wanted}" in "${folder}": there is only "${certificate}", which is that of "${name}"`,
  );
}

async function readClient({ certificate, privateKey }: CertificateFiles) {
  const certificatePem = await readTrustedFile(certificate, () => {});
  const privateKeyPem = await readTrustedFile(privateKey, (info) => requirePrivate(privateKey, info));
  return {
    certificatePem: pickPem(certificatePem, "certificate", certificate),
    privateKeyPem: pickPem(privateKeyPem, "privateKey", privateKey),
  };
}

async function readFirst(...paths: string[]): Promise<{ path: string; text: string } | undefined> {
  for (const path of paths) {
    // Who can write there could have us trust a server of theirs.
    const text = await readIfThere(path, ({ mode }) => {
      if (!othersCanWrite({ mode })) return;
      const cure = describeNarrowing(path, "chmod o-w");
      throw new Deno.errors.PermissionDenied(`Cannot trust "${path}": others can write there; ${cure}`);
    });
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

async function readIfThere(
  path: string,
  check: Parameters<typeof readTrustedFile>[1] = () => {},
): Promise<string | undefined> {
  try {
    return await readTrustedFile(path, check);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (error instanceof Deno.errors.NotFound || codeOf(cause) === "ENOTDIR") return undefined;
    throw error;
  }
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
