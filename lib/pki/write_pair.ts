import { createPrivateKey, X509Certificate } from "node:crypto";
import type { CertificateFiles } from "./certificate_files.ts";
import type { Credential } from "./credential.ts";
import { readIfThere, recordIssued } from "./issued.ts";
import { type NewFile, replaceFiles, writeNewFiles } from "./write_files.ts";

/** How files are written. */
export interface WriteOptions {
  /** Whether files that are there are replaced. Default: no. */
  readonly force?: boolean | undefined;
}

/**
 * Writes a new certificate and its key, and keeps a copy of the certificate, and of one that it replaces.
 *
 * @param folder That of the authority, where the copies go; none is kept without.
 * @param make Makes them; not called if they cannot be written.
 * @returns The paths of the two.
 * @throws {Deno.errors.AlreadyExists} if one is there, unless it is forced.
 */
export async function writePair(
  folder: string | undefined,
  files: CertificateFiles,
  make: () => Promise<Credential>,
  options: WriteOptions,
): Promise<CertificateFiles> {
  const { certificate, privateKey } = files;
  await checkAbsent([certificate, privateKey], options);
  const { certificatePem, privateKeyPem } = await make();
  await write(folder, certificatePem, [[certificate, certificatePem], [privateKey, privateKeyPem]], options);
  return files;
}

/**
 * Writes a new certificate whose key is elsewhere, and keeps a copy of it.
 *
 * @param folder That of the authority.
 * @returns Its path.
 * @throws {Deno.errors.AlreadyExists} if one is there, unless it is forced.
 * @throws {Error} if there is a private key beside it that is not its own.
 */
export async function writeCertificate(
  folder: string,
  { certificate, privateKey }: CertificateFiles,
  certificatePem: string,
  options: WriteOptions,
): Promise<string> {
  await checkAbsent([certificate], options);
  const keyPem = await readIfThere(privateKey);
  if (keyPem !== undefined && !new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem))) {
    throw new Error(`Cannot write "${certificate}": "${privateKey}" beside it is not the key of the request`);
  }
  await write(folder, certificatePem, [[certificate, certificatePem]], options);
  return certificate;
}

/** Writing would find that out, but only after a key was made, which can take seconds. */
async function checkAbsent(paths: readonly string[], { force = false }: WriteOptions): Promise<void> {
  for (const path of force ? [] : paths) {
    if (await exists(path)) {
      throw new Deno.errors.AlreadyExists(`Cannot write "${path}": it exists already, and only --force replaces it`);
    }
  }
}

/** Records first: nothing that was signed may get away unseen. */
async function write(
  folder: string | undefined,
  pem: string,
  files: readonly NewFile[],
  { force }: WriteOptions,
): Promise<void> {
  const records: string[] = [];
  if (folder !== undefined) {
    const replaced = force ? await readIfThere(files[0]?.[0] ?? "") : undefined;
    if (replaced !== undefined) await recordIssued(folder, replaced).catch(ignoreDamaged);
    records.push(...await recordIssued(folder, pem));
  }
  try {
    await (force ? replaceFiles(files) : writeNewFiles(files));
  } catch (error) {
    for (const path of records) await Deno.remove(path);
    throw error;
  }
}

/** A file that is replaced may be what it wants. */
function ignoreDamaged(error: unknown): void {
  if (!(error instanceof SyntaxError)) throw error;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
