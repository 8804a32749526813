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
  const { mode } = await file.stat();
  if (secret && mode !== null && (mode & 0o077) !== 0) {
    throw new Deno.errors.PermissionDenied(
      `Cannot use private key "${path}": others than its owner have access to it; run: chmod 600 "${path}"`,
    );
  }
  return tidyPem(await new Response(file.readable).text());
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(`Cannot read "${path}": it does not exist`, { cause });
  }
}
