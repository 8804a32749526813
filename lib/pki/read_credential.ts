import { attempting } from "../base/system_error.ts";
import type { CertificateFiles } from "./certificate_files.ts";
import type { Credential } from "./credential.ts";

/**
 * Reads a certificate and its private key from disk.
 *
 * @throws {Deno.errors.NotFound} if one of the files is missing.
 * @throws {Deno.errors.PermissionDenied} if others than the owner can read or change the private key.
 */
export async function readCredential(files: CertificateFiles): Promise<Credential> {
  return {
    certificatePem: await readPemFile(files.certificate),
    privateKeyPem: await readPemFile(files.privateKey, true),
  };
}

/**
 * Reads a file of certificates or keys.
 *
 * @param secret Whether it is to be refused if others than its owner have access to it.
 * @throws {Deno.errors.NotFound} if it is missing.
 * @throws {Deno.errors.PermissionDenied} if others have access to a secret.
 */
export async function readPemFile(path: string, secret = false): Promise<string> {
  // The open file is looked at, not the path, so that nobody can change it for another in between.
  using file = await open(path);
  const { mode, isDirectory } = await file.stat();
  if (isDirectory) throw new Error(`Cannot read "${path}": it is a directory`);
  if (secret && mode !== null && (mode & 0o077) !== 0) {
    throw new Deno.errors.PermissionDenied(
      `Cannot use private key "${path}": others than its owner have access to it; run: chmod 600 "${path}"`,
    );
  }
  return await new Response(file.readable).text();
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await attempting("read", path, () => Deno.open(path));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(`Cannot read "${path}": it does not exist`, { cause });
  }
}
