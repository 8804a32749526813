import { authorityFiles, type CertificateFiles, clientFiles, listClients } from "./certificate_files.ts";
import { parseClientName } from "./client_name.ts";
import type { Credential } from "./credential.ts";
import { pickPem } from "./pem_file.ts";
import { readCredential } from "./read_credential.ts";

/** What a client needs for mutual TLS. */
export interface ClientCredential extends Credential {
  /** The authorities to trust, in PEM. */
  readonly caPem: string;
  /** Where these were read from. */
  readonly caFile: string;
  readonly files: CertificateFiles;
  /** The name of the client in the names of its files. */
  readonly name: string;
}

/**
 * Reads a client's certificate from the first of the folders that has a `ca.pem`. It parses none of it, since every
 * start of a command line client comes along here.
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
    const caFile = authorityFiles(folder).certificate;
    const text = await readIfThere(caFile);
    if (text === undefined) continue;
    for (const path of [folder, caFile]) await requireOwn(path);
    const client = chooseClient(folder, await listClients(folder), name);
    const files = clientFiles(folder, client);
    return { caPem: pickPem(text, "authorities", caFile), caFile, name: client, ...await readCredential(files), files };
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

/** Who can write there could have us trust a server of theirs. */
async function requireOwn(path: string): Promise<void> {
  const { mode } = await Deno.stat(path);
  if (mode === null || (mode & 0o002) === 0) return;
  throw new Deno.errors.PermissionDenied(`Cannot trust "${path}": others can write there; run: chmod o-w "${path}"`);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
