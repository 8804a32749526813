import { basename, dirname } from "node:path";
import { joinPath } from "../base/paths.ts";
import { attempting } from "../base/system_error.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { authorityFiles, isReservedName, serverFiles } from "./certificate_files.ts";
import { equalBytes } from "./der_values.ts";
import { parseHost } from "./host.ts";
import { hostsOf, isServer, readIfThere } from "./issued.ts";
import { decodeCertificates } from "./pem.ts";

const CURE = "name another file with --out";

/**
 * Makes sure that a server's certificate can be written to a path that the user named, and does not get a name that stands for something
 * else where it is: in the folder of the authority, in that of another, and among their copies.
 *
 * @param folder That of the authority.
 * @throws {Error} if it cannot.
 */
export async function checkPlace(folder: string, path: string): Promise<void> {
  const refuse = (what: string) => new Error(`Cannot write "${path}": ${what}`);
  const [name, directory] = [basename(path), dirname(path)];
  const place = await realPath(directory);
  if (place === undefined) throw refuse(`the directory "${directory}" does not exist`);
  if (!(await Deno.stat(place)).isDirectory) throw refuse(`"${directory}" is not a directory`);
  if (place === await realPath(joinPath(folder, "issued"))) {
    throw refuse(`"${directory}" is for copies of what was issued; ${CURE}`);
  }
  if (!isReservedName(name)) return;
  if (place === await realPath(folder) || await hasAuthority(place)) {
    throw refuse(`"${name}" is the name of another file in a directory of certificates; ${CURE}`);
  }
}

async function hasAuthority(folder: string): Promise<boolean> {
  const files = Object.values(authorityFiles(folder));
  return (await Promise.all(files.map(realPath))).some((path) => path !== undefined);
}

async function realPath(path: string): Promise<string | undefined> {
  try {
    return await attempting("look at", path, () => Deno.realPath(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Makes sure that no other host's certificate is replaced by a server's.
 *
 * @param named Whether the user named the file, and so says which it is.
 * @throws {Error} if one would be.
 */
export async function checkReplaced(
  path: string,
  pem: string,
  hosts: readonly string[],
  named: boolean,
): Promise<void> {
  const text = await readIfThere(path);
  if (text === undefined) return;
  const refuse = (what: string) => new Error(`Cannot write "${path}": ${what}; ${CURE}`);
  const old = serverIn(text);
  if (old === undefined) {
    if (named) throw refuse("it exists already, and is no certificate of a server");
    return;
  }
  if (named || hasHosts(old, hosts) || equalBytes(old.publicKeyInfo, parseFirst(pem).publicKeyInfo)) return;
  throw refuse(`it is the certificate of "${hostsOf(old).join('", "')}"`);
}

/**
 * Makes sure that a new key of a server does not come to stand beside the certificate of other hosts.
 *
 * @throws {Error} if it would.
 */
export async function checkKeyPlace(folder: string, hosts: readonly string[]): Promise<void> {
  const { certificate, privateKey } = serverFiles(folder);
  const old = serverIn(await readIfThere(certificate) ?? "");
  if (old === undefined || hasHosts(old, hosts)) return;
  throw new Error(
    `Cannot write "${privateKey}": "${certificate}" beside it is the certificate of "${hostsOf(old).join('", "')}", ` +
      "which a new key does not fit; name another directory with --certs",
  );
}

function hasHosts(certificate: Certificate, hosts: readonly string[]): boolean {
  const wanted = hosts.map((host) => parseHost(host).value);
  return hostsOf(certificate).toSorted().join() === wanted.toSorted().join();
}

/** The first certificate of a file, if that is a server's. */
function serverIn(pem: string): Certificate | undefined {
  try {
    const certificate = parseFirst(pem);
    return isServer(certificate) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

function parseFirst(pem: string): Certificate {
  return parseCertificate(decodeCertificates(pem)[0] ?? new Uint8Array());
}
