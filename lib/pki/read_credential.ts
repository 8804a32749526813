import { attempting } from "../base/system_error.ts";
import { describeNarrowing } from "../base/trusted_path.ts";
import type { CertificateFiles } from "./certificate_files.ts";
import type { Credential } from "./credential.ts";
import { pickPem, tidyPem } from "./pem_file.ts";

/**
 * Reads a certificate and its private key from disk.
 *
 * @throws {Deno.errors.NotFound} if one of the files is missing.
 * @throws {Deno.errors.PermissionDenied} if others than the owner can read or change the private key.
 * @throws {PemFileError} if a file holds something else.
 */
export async function readCredential(files: CertificateFiles): Promise<Credential> {
  return {
    certificatePem: pickPem(await readPemFile(files.certificate), "certificate", files.certificate),
    privateKeyPem: pickPem(await readPemFile(files.privateKey, true), "privateKey", files.privateKey),
    files,
  };
}

/**
 * Reads a file of certificates or keys; without the white space around its lines.
 *
 * @param secret Whether it is to be refused if others than its owner have access to it.
 * @throws {Deno.errors.NotFound} if it is missing.
 * @throws {Deno.errors.PermissionDenied} if others have access to a secret.
 */
export async function readPemFile(path: string, secret = false): Promise<string> {
  // The open file is looked at, not the path, so that nobody can change it for another in between.
  using file = await open(path);
  const info = await file.stat();
  if (info.isDirectory) throw new Error(`Cannot read "${path}": it is a directory`);
  if (secret) requirePrivate(path, info);
  return tidyPem(await new Response(file.readable).text());
}

/**
 * Makes sure that only its owner has access to a private key. A group may read what root owns and we are not root: where a Secret of
 * Kubernetes is mounted for an account, that is how the account reads it (fsGroup).
 *
 * @throws {Deno.errors.PermissionDenied} if others have.
 */
export function requirePrivate(path: string, { mode, uid }: Pick<Deno.FileInfo, "mode" | "uid">): void {
  const access = (mode ?? 0) & 0o077;
  if (access === 0 || (access === 0o040 && uid === 0 && Deno.uid() !== 0)) return;
  const cure = describeNarrowing(path, "chmod 600");
  throw new Deno.errors.PermissionDenied(
    `Cannot use private key "${path}": others than its owner have access to it; ${cure}`,
  );
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await attempting("read", path, () => Deno.open(path));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(`Cannot read "${path}": it does not exist`, { cause });
  }
}
