import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { dirname } from "node:path";
import { createSecureContext } from "node:tls";
import { isThere } from "../../base/files.ts";
import { joinPath } from "../../base/paths.ts";
import { readTrustedFile } from "../../base/trusted_file.ts";
import { describeNarrowing, othersCanWrite } from "../../base/trusted_path.ts";
import { Authorities } from "../../pki/authorities.ts";
import { parseCertificate, validityProblem } from "../../pki/certificate.ts";
import { SECRET_FILES } from "../../pki/certificate_files.ts";
import { decodeCertificates } from "../../pki/pem.ts";
import { inFile, type PemContent, pickPem, tidyPem } from "../../pki/pem_file.ts";
import { checkServable, ServerIdentityError } from "../../pki/server_identity.ts";
import type { Options } from "../options.ts";

/** Where the certificates are. */
export interface CredentialFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** It need not be there; `undefined` for nowhere. */
  readonly crl: string | undefined;
}

/** Where each is, but for lists that are nowhere. */
export function pathsOf({ ca, certificate, key, crl }: CredentialFiles): string[] {
  return [ca, certificate, key, ...(crl === undefined ? [] : [crl])];
}

/** Certificates in PEM, and what they say. */
export interface Credentials {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** The lists of revoked certificates; `undefined` while there are none. */
  readonly crl: string | undefined;
  /** What is in `ca` and `crl`. */
  readonly authorities: Authorities;
}

/**
 * Where the options say that the certificates are.
 * @returns null when they name none.
 * @throws {Error} when they name some but not all that it takes.
 */
export function credentialFiles(options: Options): CredentialFiles | null {
  const inCerts = (file: string) => options.certs === undefined ? undefined : joinPath(options.certs, file);
  const has = (file: string) => options.certs !== undefined && isThere(joinPath(options.certs, file));
  const mounted = has(SECRET_FILES.certificate) && !has("server.pem") && !has("server-key.pem");
  const ca = options.ca ?? inCerts(has("ca.pem") || !has(SECRET_FILES.authority) ? "ca.pem" : SECRET_FILES.authority);
  const certificate = options.cert ?? inCerts(mounted ? SECRET_FILES.certificate : "server.pem");
  const key = options.key ?? inCerts(mounted ? SECRET_FILES.privateKey : "server-key.pem");
  const crl = options.crl ?? inCerts("crl.pem");
  if (ca === undefined && certificate === undefined && key === undefined) return null;
  if (ca === undefined || certificate === undefined || key === undefined) {
    throw new Error("Cannot use TLS: it takes --certs, or all of --ca, --cert and --key");
  }
  return { ca, certificate, key, crl };
}

/**
 * Reads the certificates, all of which must be good.
 * @throws {Error} when one cannot be read, an authority is none, the key is another certificate's, or a list of revoked
 * certificates says that it is of one of the authorities and is not.
 */
export async function readCredentials(files: CredentialFiles): Promise<Credentials> {
  try {
    return await readAll(files);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`${error.message}; ${await howToMake(files)}`, { cause: error });
  }
}

/** What to do about certificates that are not there. */
async function howToMake({ key }: CredentialFiles): Promise<string> {
  const keyIsThere = await Deno.lstat(key).then(() => true, () => false);
  return keyIsThere
    ? "put it there from where your authority is"
    : `make them with: teleworkerd request HOST --certs ${dirname(key)}`;
}

async function readAll(files: CredentialFiles): Promise<Credentials> {
  const [ca, crl] = [await readPem(files.ca, "authorities"), await readIfThere(files.crl)];
  const authorities = inFile(files.ca, () => Authorities.parse(ca));
  return {
    ...await readPair(files),
    ca,
    crl,
    authorities: crl === undefined ? authorities : withRevocations(authorities, crl, files),
  };
}

function withRevocations(authorities: Authorities, crl: string, { crl: path = "" }: CredentialFiles): Authorities {
  return inFile(path, () => authorities.withRevocations(crl));
}

/**
 * Reads the certificates again. Each part that is not good is told to `problem` and stays what it was: the server's certificate with
 * its key, the authorities, and what they have revoked. A list of revoked certificates that has gone revokes what it did.
 */
export async function rereadCredentials(
  files: CredentialFiles,
  old: Credentials,
  problem: (error: unknown) => void,
): Promise<Credentials> {
  const attempt = async <T>(call: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      problem(error);
      return otherwise;
    }
  };
  const pair = await attempt(async () => {
    const pair = await readPair(files);
    const problem = timeProblem(pair.certificate);
    // One that is good now is not given up for one that clients would refuse.
    if (problem === undefined || timeProblem(old.certificate) !== undefined) return pair;
    throw new Error(`Cannot use the certificate "${files.certificate}": ${problem}`);
  }, { certificate: old.certificate, key: old.key });
  const { ca, authorities } = await attempt(async () => {
    const ca = await readPem(files.ca, "authorities");
    if (ca === old.ca) return old;
    return { ca, authorities: inFile(files.ca, () => Authorities.parse(ca)).withRevocationsOf(old.authorities) };
  }, old);
  return await attempt(async () => {
    const crl = await readIfThere(files.crl);
    if (crl === undefined && old.crl !== undefined) {
      throw new Error(`Cannot read "${files.crl}": it has gone; what was revoked stays so`);
    }
    // What is in force is not read anew: a list of a hundred thousand takes a third of a second, in which nobody is served.
    const same = crl === undefined || (crl === old.crl && authorities === old.authorities);
    const revoked = same ? authorities : withRevocations(authorities, crl, files);
    for (const list of revoked.olderLists) {
      problem(new Error(`Cannot use the revocation list of ${list}: it is older than the one in force`));
    }
    // Nothing of the file is used.
    if (revoked.olderLists.length > 0 && revoked.hasListsOf(authorities)) {
      return { ...pair, ca, crl: old.crl, authorities };
    }
    return { ...pair, ca, crl, authorities: revoked };
  }, { ...pair, ca, crl: old.crl, authorities });
}

/** Why a certificate, in PEM, is not valid now; `undefined` if it is. */
export function timeProblem(pem: string, now: Date = new Date()): string | undefined {
  return validityProblem(parseCertificate(Uint8Array.from(new X509Certificate(pem).raw)), now);
}

async function readPair(files: CredentialFiles): Promise<{ certificate: string; key: string }> {
  const pair = {
    certificate: await readPem(files.certificate, "certificate"),
    key: await readPem(files.key, "privateKey"),
  };
  try {
    checkServable(decodeCertificates(pair.certificate)[0] ?? new Uint8Array());
  } catch (error) {
    throw new Error(`Cannot use the certificate "${files.certificate}": ${reasonOf(error)}`);
  }
  // node:tls of Deno does not look, and would then fail every handshake.
  if (!belongTogether(pair, files.key)) {
    throw new Error(
      `Cannot use the private key "${files.key}": it is not that of the certificate "${files.certificate}"`,
    );
  }
  try {
    createSecureContext({ cert: pair.certificate, key: pair.key });
  } catch (error) {
    throw new Error(`Cannot use the certificate "${files.certificate}": ${reasonOf(error)}`);
  }
  return pair;
}

function reasonOf(error: unknown): string {
  if (error instanceof ServerIdentityError) return `it ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function belongTogether({ certificate, key }: { certificate: string; key: string }, path: string): boolean {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch (cause) {
    throw new Error(`Cannot use the private key "${path}": it is damaged, or of a kind that is unknown`, { cause });
  }
  try {
    return new X509Certificate(certificate).checkPrivateKey(privateKey);
  } catch {
    return false;
  }
}

/** Reads a file that need not be there. */
async function readIfThere(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return tidyPem(await read(path));
  } catch (error) {
    // A link that leads nowhere was meant to lead to something.
    if (error instanceof Deno.errors.NotFound && !isThere(path)) return undefined;
    throw error;
  }
}

async function readPem(path: string, content: PemContent): Promise<string> {
  return pickPem(await read(path, content === "privateKey"), content, path);
}

/** @param secret Whether it is refused if others than its owner and its group, which may be one for such keys, have access to it. */
async function read(path: string, secret = false): Promise<string> {
  return await readTrustedFile(path, ({ mode }) => {
    if (secret && (mode & 0o007) !== 0) {
      throw new Error(`Cannot read "${path}": others have access to it; ${describeNarrowing(path, "chmod o=")}`);
    }
    if (!othersCanWrite({ mode })) return;
    throw new Error(`Cannot read "${path}": others can write to it; ${describeNarrowing(path, "chmod o-w")}`);
  });
}
