import { absolutePath, withoutParents } from "../base/paths.ts";
import { addClient, addServer, initAuthority, signClient, signServer } from "../pki/store.ts";
import { requestClient, requestServer } from "../pki/request.ts";
import { describePem } from "../pki/describe_pem.ts";
import { authoritiesIn, type IssuedCertificate, listIssued } from "../pki/issued.ts";
import { serverFiles } from "../pki/certificate_files.ts";
import { daysUntil, expiresSoon } from "../pki/expiry.ts";
import { fillIn } from "../pki/pem_file.ts";
import { readPemFile } from "../pki/read_credential.ts";
import { renew } from "../pki/renew.ts";
import { revocationsIn, revoke } from "../pki/revoke.ts";
import { describeShortened, serverHosts } from "./certs_notes.ts";
import type { CertsFlags } from "./commands/certs.ts";
import { EXIT } from "./exit_code.ts";
import { Failure, UsageFailure } from "./failure.ts";
import { formatTable } from "./format.ts";
import { clean, note, print, printJson, type Terminal } from "./terminal.ts";

/**
 * Carries out what `teleworker certs` was asked to do in a folder.
 * @throws {UsageFailure} for names, hosts and serial numbers that cannot be.
 */
export async function certs(flags: CertsFlags, folder: string, terminal: Terminal): Promise<number> {
  try {
    switch (flags.verb) {
      case "certs list":
        return await list(folder, terminal);
      case "certs show":
        await show(await find(flags.file, folder), terminal);
        break;
      case "certs revoke":
        return await tellRevoked(folder, flags.which);
      default:
        await makeAndTell(flags, folder);
    }
    return 0;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new UsageFailure(error.message, { cause: error });
    }
    if (error instanceof Deno.errors.NotFound) {
      throw new Failure(error.message + hintFor(flags, error), { cause: error });
    }
    throw error;
  }
}

function hintFor({ verb }: CertsFlags, { message }: Error): string {
  if (/\/ca(-key)?\.pem"/.test(message)) return "; an authority is made by: teleworker certs init";
  return verb === "certs renew"
    ? "; who made the key elsewhere renews by another request: teleworker certs request"
    : "";
}

/** Prints the paths of the files made, and notes what is special about them. */
async function makeAndTell(flags: MakeFlags, folder: string): Promise<void> {
  const replaced = flags.verb === "certs server" && flags.force ? await serverHosts(folder) : [];
  const paths = await make(flags, folder);
  for (const path of paths) await print(path);
  const [path = ""] = paths;
  if (flags.verb !== "certs server" && flags.verb !== "certs client" && flags.verb !== "certs renew") return;
  const kind = flags.verb === "certs server" || (flags.verb === "certs renew" && flags.name === "server")
    ? "server"
    : "client";
  const shortened = await describeShortened(folder, path, kind, flags.days);
  if (shortened !== undefined) await note(shortened);
  if (replaced.length === 0 || path !== serverFiles(folder).certificate) return;
  const hosts = await serverHosts(folder);
  if (replaced.toSorted().join() !== hosts.toSorted().join()) {
    await note(`Replaced the certificate of "${replaced.join('", "')}"; a copy of it is in "${folder}/issued"`);
  }
}

type MakeFlags = Exclude<CertsFlags, { verb: "certs list" | "certs show" | "certs revoke" }>;

/** The paths of the files made. */
async function make(flags: MakeFlags, folder: string): Promise<string[]> {
  switch (flags.verb) {
    case "certs init":
      return pathsOf(await initAuthority(folder, flags));
    case "certs server":
      if (flags.csr === undefined) return pathsOf(await addServer(folder, flags.hosts, withoutOut(flags)));
      return [await signServer(folder, flags.hosts, await requestOf(flags, folder), flags)];
    case "certs client":
      if (flags.csr === undefined) return pathsOf(await addClient(folder, flags.name, flags));
      return [await signClient(folder, flags.name, await requestOf(flags, folder), flags)];
    case "certs request server":
      return pathsOf(await requestServer(folder, flags.hosts, flags));
    case "certs request client":
      return pathsOf(await requestClient(folder, flags.name, flags));
    case "certs renew":
      return pathsOf(await renew(folder, flags.name, flags));
  }
}

function pathsOf(files: object): string[] {
  return Object.values(files);
}

/** A file that was named: here, or else among the certificates. */
async function find(given: string, folder: string): Promise<string> {
  const file = withoutParents(given);
  const there = absolutePath(file, absolutePath(folder));
  const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
  return !await exists(file) && await exists(there) ? there : file;
}

function withoutOut<T extends { out?: string | undefined }>(flags: T): T {
  if (flags.out === undefined) return flags;
  throw new UsageFailure(
    `Cannot use --out "${flags.out}" without --csr: a key and a certificate are made together in the folder of --certs`,
  );
}

type RequestFlags = { csr?: string | undefined; keyType?: string | undefined };

async function requestOf({ csr = "", keyType }: RequestFlags, folder: string): Promise<string> {
  if (keyType === undefined) return await find(csr, folder);
  throw new UsageFailure(`Cannot use --key-type "${keyType}" with --csr: the key was made with the request`);
}

type ListedCertificate = IssuedCertificate & {
  readonly daysLeft: number;
  /** Whether it is in use here and should be renewed; see `expiresSoon`. */
  readonly expiresSoon: boolean;
  readonly revokedAt: Date | null;
};

/** Gives the exit code: a failure where a file cannot be read, which is told, and does not hide the others. */
async function list(folder: string, { json }: Terminal): Promise<number> {
  const authorities = await authoritiesIn(folder);
  const revocations = await revocationsIn(folder, authorities);
  const { certificates: issued, damaged } = await listIssued(folder, authorities[0]);
  const certificates = issued.map((certificate): ListedCertificate => {
    const revokedAt = (certificate.ours ? revocations.get(certificate.serial) : undefined) ?? null;
    const inUse = certificate.file !== null && revokedAt === null;
    const daysLeft = daysUntil(certificate.notAfter);
    return { ...certificate, daysLeft, expiresSoon: inUse && expiresSoon(certificate), revokedAt };
  });
  if (json) {
    for (const certificate of certificates) await printJson(certificate);
  } else {
    await printTable(certificates);
  }
  for (const problem of damaged) await note(problem);
  return damaged.length === 0 ? 0 : EXIT.failure;
}

async function printTable(certificates: readonly ListedCertificate[]): Promise<void> {
  const rows = certificates.map(({ kind, name, role, serial, daysLeft, expiresSoon, file, revokedAt, ours }) => [
    clean(name),
    role ?? (kind === "client" ? "none" : kind),
    serial,
    daysLeft < 0 ? "expired" : `${daysLeft}${expiresSoon ? ", renew it" : ""}`,
    clean(file ?? "-"),
    revokedAt !== null ? revokedAt.toISOString() : ours ? "-" : "another authority's",
  ]);
  for (const line of formatTable([["WHO", "ROLE", "SERIAL", "DAYS LEFT", "FILE", "REVOKED"], ...rows])) {
    await print(line);
  }
}

async function show(file: string, { json }: Terminal): Promise<void> {
  const groups = await describePem(await readPemFile(file)).catch((error) => {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Failure(`Cannot show "${file}": ${fillIn(error.message, file)}`, { cause: error });
  });
  for (const facts of groups) {
    if (json) await printJson(facts);
    else for (const [name, text] of facts) await print(`${name.padEnd(12)}${clean(text)}`);
  }
}

/** Gives the exit code: a failure where a file that cannot be read may hold one more certificate of the name. */
async function tellRevoked(folder: string, which: string): Promise<number> {
  const { file, revoked, already, damaged } = await revoke(folder, which);
  for (const { serial, certificate } of revoked) await note(`Revoked ${describeRevoked(serial, certificate)}`);
  for (const { serial, at, certificate } of already) {
    await note(`Revoked already at ${at.toISOString()}: ${describeRevoked(serial, certificate)}`);
  }
  if (revoked.length > 0) {
    await print(file);
    await note("A daemon knows of it once that file is in the folder of its ca.pem: copy it there");
  }
  for (const problem of damaged) await note(`${problem}; what is in it was not revoked`);
  return damaged.length === 0 ? 0 : EXIT.failure;
}

function describeRevoked(serial: string, certificate: IssuedCertificate | undefined): string {
  if (certificate === undefined) return `serial ${serial}, which was not made here`;
  const { kind, name, notAfter } = certificate;
  const who = `"${name}" (serial ${serial}), valid until ${notAfter.toISOString().slice(0, 10)}`;
  return kind === "server" ? `${who}; clients do not read revocation lists, and will go on to accept this server` : who;
}
