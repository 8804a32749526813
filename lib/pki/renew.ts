import { X509Certificate } from "node:crypto";
import { parseCertificate } from "./certificate.ts";
import { authorityFiles, type CertificateFiles, clientFiles, serverFiles } from "./certificate_files.ts";
import { checkNotReserved } from "./client_name.ts";
import { clientCertificate } from "./client_certificate.ts";
import { authoritiesIn, hostsOf, identityOf, isServer } from "./issued.ts";
import type { KeyType } from "./key_type.ts";
import { isSignedBy } from "./signed.ts";
import { decodeCertificates } from "./pem.ts";
import { readCredential } from "./read_credential.ts";
import { revocationsIn } from "./revoke.ts";
import { serverCertificate } from "./server_certificate.ts";
import { issueFiles } from "./store.ts";
import { takeTurns } from "./take_turns.ts";

/** How a certificate is renewed. */
export interface RenewOptions {
  /** Validity in days. Default: as for a new one. */
  readonly days?: number | undefined;
  /** Default: as that of the old one. */
  readonly keyType?: KeyType | undefined;
}

/**
 * Makes a new key and certificate in the place of an old one, for the same name and role or the same hosts. The old one
 * stays valid until its time is over, or it is revoked.
 *
 * @param name A client's, or `server`.
 * @throws {Deno.errors.NotFound} if there is no such certificate, or no authority.
 * @throws {Error} if it was not made by the authority, was revoked, or says nothing certain about whose it is.
 */
export async function renew(
  folder: string,
  name: string,
  { days, keyType }: RenewOptions = {},
): Promise<CertificateFiles> {
  const server = name === "server";
  const files = server ? serverFiles(folder) : clientFiles(folder, name);
  const authority = await readCredential(authorityFiles(folder)); // which says first what is missing
  using _turn = await takeTurns(folder);
  const { certificatePem } = await readCredential(files);
  const [der = new Uint8Array()] = decodeCertificates(certificatePem);
  const refuse = (reason: string) => new Error(`Cannot renew "${name}": its certificate ${reason}`);
  const parsed = parseCertificate(der);
  // Whoever can bring a file here to be renewed must not choose the name and the role in it.
  const authorities = await authoritiesIn(folder);
  if (!isSignedBy(parsed.signed, authorities[0].key)) throw refuse("is not from the authority here");
  if ((await revocationsIn(folder, authorities)).has(parsed.serial)) {
    throw refuse(
      `was revoked; a new one is made by: teleworker certs ${server ? "server HOST..." : `client ${name}`} --force`,
    );
  }
  const again = { keyType: keyType ?? keyTypeOf(certificatePem), force: true };
  if (server) {
    if (!isServer(parsed)) throw refuse("is not for servers");
    return await issueFiles(folder, authority, files, serverCertificate(hostsOf(parsed), { days }), again);
  }
  checkNotReserved(name);
  const identity = identityOf(der);
  if (identity === undefined) throw refuse("says nothing certain about whose it is");
  if (identity.name !== name) throw refuse(`is that of "${identity.name}"`);
  const content = clientCertificate(name, { days, role: identity.role });
  return await issueFiles(folder, authority, files, content, again);
}

function keyTypeOf(certificatePem: string): KeyType {
  const { asymmetricKeyType } = new X509Certificate(certificatePem).publicKey;
  return asymmetricKeyType === "rsa" ? "rsa-4096" : asymmetricKeyType === "ed25519" ? "ed25519" : "ec-p256";
}
