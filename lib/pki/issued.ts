import { attempting } from "../base/system_error.ts";
import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import { Extension, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { basename } from "node:path";
import { joinPath } from "../base/paths.ts";
import {
  type Certificate,
  describeSubject,
  extendedKeyUsages,
  ExtensionType,
  isAuthority,
  parseCertificate,
} from "./certificate.ts";
import { authorityFiles, clientFiles, listClients, serverFiles } from "./certificate_files.ts";
import { identify, type Identity, IdentityError } from "./identity.ts";
import { decodeCertificates } from "./pem.ts";
import { inFile, pickPem } from "./pem_file.ts";
import type { Role } from "./role.ts";
import { isSignedBy } from "./signed.ts";
import { type Authority, readAuthorities } from "./trust.ts";
import { replaceFiles } from "./write_files.ts";

/** A certificate in the folder of an authority, or of which a copy was kept there. */
export interface IssuedCertificate {
  /** What it is for. */
  readonly kind: "authority" | "server" | "client";
  /** The user of a client, the hosts of a server, the subject of an authority. */
  readonly name: string;
  /** The role of a client; `null` for the others, and for a client that would be refused. */
  readonly role: Role | null;
  /** In hexadecimal, lower case, without leading zeros. */
  readonly serial: string;
  /** The first moment of its validity. */
  readonly notBefore: Date;
  /** The last moment of its validity. */
  readonly notAfter: Date;
  /** Whether it was signed by the authority whose key is in the folder. */
  readonly ours: boolean;
  /** Name of the file that has it in use; `null` for one of which there is only a copy. */
  readonly file: string | null;
}

/** The extended key usage of TLS servers (RFC 5280, 4.2.1.12). */
const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";

/**
 * Keeps copies of certificates in the folder of their authority, `issued/SERIAL.pem`, where they can be found when their
 * own files have been replaced or are elsewhere.
 *
 * @returns The paths of the copies that were not there before.
 */
export async function recordIssued(folder: string, pem: string): Promise<string[]> {
  const records = joinPath(folder, "issued");
  await attempting("make", records, () => Deno.mkdir(records, { recursive: true, mode: 0o700 }));
  const serials = decodeCertificates(pem).map((der) => parseCertificate(der).serial);
  const path = joinPath(records, `${serials[0] ?? "none"}.pem`);
  // A file that is replaced may be anybody's: with another's serial number it must not take the place of that one's copy.
  if (await readIfThere(path) !== undefined) return [];
  await replaceFiles([[path, pem]]);
  return [path];
}

/** What is in a folder. */
export interface IssuedCertificates {
  /** Without repetition: the authority's, the servers', the clients' by name. */
  readonly certificates: readonly IssuedCertificate[];
  /** The files that should have certificates and cannot be read: each with its path and why. */
  readonly damaged: readonly string[];
}

/**
 * The certificates of a folder. A file that cannot be read does not hide the others.
 *
 * @param authority Whose they are; see `authoritiesIn`.
 */
export async function listIssued(folder: string, authority: Authority): Promise<IssuedCertificates> {
  const { certificate } = authorityFiles(folder);
  const inUse = [certificate, serverFiles(folder).certificate, ...await clientPaths(folder)];
  const found = new Map<string, IssuedCertificate>();
  const damaged: string[] = [];
  for (const path of [...inUse, ...await records(folder)]) {
    const file = inUse.includes(path) ? basename(path) : null;
    try {
      const text = await readIfThere(path);
      for (const der of text === undefined ? [] : decodeCertificates(pickPem(text, "certificate", path))) {
        if (!found.has(der.toBase64())) found.set(der.toBase64(), { ...describe(der, authority), file });
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      damaged.push(`Cannot read certificate "${path}": ${reason.replace(/^Cannot use the certificate ".*?": /, "")}`);
    }
  }
  const kinds = ["authority", "server", "client"];
  const certificates = [...found.values()].sort((one, other) =>
    kinds.indexOf(one.kind) - kinds.indexOf(other.kind) || one.name.localeCompare(other.name) ||
    one.notAfter.getTime() - other.notAfter.getTime()
  );
  return { certificates, damaged };
}

/**
 * The authorities in a folder; of several the first is the one whose key is there.
 *
 * @throws {Deno.errors.NotFound} if there is none.
 * @throws {Error} if the file cannot be read.
 */
export async function authoritiesIn(folder: string): Promise<[Authority, ...Authority[]]> {
  const { certificate } = authorityFiles(folder);
  const text = await readIfThere(certificate);
  const [first, ...others] = text === undefined
    ? []
    : inFile(certificate, () => readAuthorities(pickPem(text, "authorities", certificate)));
  if (first === undefined) throw new Deno.errors.NotFound(`Cannot read "${certificate}": there is no certificate`);
  return [first, ...others];
}

/** The hosts of a server's certificate, as `parseHost` gives them; none if it has none. */
export function hostsOf({ extensions }: Certificate): string[] {
  const extension = extensions.get(ExtensionType.subjectAltName);
  if (extension === undefined) return [];
  const whole = new Extension(ExtensionType.subjectAltName, extension.critical, new Uint8Array(extension.value));
  const names = new SubjectAlternativeNameExtension(whole.rawData).names.toJSON();
  return names.filter(({ type }) => type === "dns" || type === "ip").map(({ value }) => value);
}

/** Who a client's certificate says it is, also when its time is over; `undefined` for one that says nothing certain. */
export function identityOf(der: Uint8Array): Identity | undefined {
  try {
    return identify(der, parseCertificate(der).notAfter);
  } catch (error) {
    if (error instanceof IdentityError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether a certificate is for servers; it may be for clients as well. */
export function isServer(certificate: Certificate): boolean {
  return extendedKeyUsages(certificate)?.includes(SERVER_AUTHENTICATION) ?? false;
}

function describe(der: Uint8Array<ArrayBuffer>, { key }: Authority): Omit<IssuedCertificate, "file"> {
  const parsed = parseCertificate(der);
  const { serial, notBefore, notAfter } = parsed;
  const common = { serial, notBefore, notAfter, ours: isSignedBy(parsed.signed, key) };
  if (isAuthority(parsed)) return { ...common, kind: "authority", name: describeSubject(parsed), role: null };
  const identity = identityOf(der);
  // One for both is a client, for the daemon lets it in.
  if (identity === undefined && isServer(parsed)) {
    return { ...common, kind: "server", name: hostsOf(parsed).join(", "), role: null };
  }
  return { ...common, kind: "client", name: identity?.name ?? describeSubject(parsed), role: identity?.role ?? null };
}

async function clientPaths(folder: string): Promise<string[]> {
  return (await listClients(folder)).map((name) => clientFiles(folder, name).certificate);
}

async function records(folder: string): Promise<string[]> {
  try {
    const records = joinPath(folder, "issued");
    const entries = await attempting("read", records, () => Array.fromAsync(Deno.readDir(records)));
    return entries.filter(({ name }) => /^[0-9a-f]+\.pem$/.test(name)).map(({ name }) => joinPath(records, name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The text of a file; `undefined` if there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await attempting("read", path, () => Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
