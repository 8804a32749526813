import { attempting } from "../base/system_error.ts";
import { authorityFiles, clientFiles, listClients } from "./certificate_files.ts";
import { parseClientName } from "./client_name.ts";
import type { Credential } from "./credential.ts";
import { readCredential } from "./read_credential.ts";

/** What a client needs for mutual TLS. */
export interface ClientCredential extends Credential {
  /** The authority to trust, in PEM. */
  readonly caPem: string;
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
 * @throws {TypeError} if the name cannot be one.
 * @throws {Error} if there are several clients and no name.
 */
export async function findClient(folders: readonly string[], name?: string): Promise<ClientCredential> {
  if (name !== undefined) parseClientName(name);
  for (const folder of folders) {
    const caPem = await readIfThere(authorityFiles(folder).certificate);
    if (caPem === undefined) continue;
    for (const path of [folder, authorityFiles(folder).certificate]) await requireOwn(path);
    const client = chooseClient(folder, await listClients(folder), name);
    return { caPem, name: client, ...await readCredential(clientFiles(folder, client)) };
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
  const { mode } = await attempting("read", path, () => Deno.stat(path));
  if (mode === null || (mode & 0o002) === 0) return;
  throw new Deno.errors.PermissionDenied(`Cannot trust "${path}": others can write there; run: chmod o-w "${path}"`);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await attempting("read", path, () => Deno.readTextFile(path));
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (error instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
