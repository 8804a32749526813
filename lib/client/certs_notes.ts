import { parseCertificate } from "../pki/certificate.ts";
import { serverFiles } from "../pki/certificate_files.ts";
import { DAY_MS } from "../base/day.ts";
import { CLIENT_DAYS } from "../pki/client_certificate.ts";
import { authoritiesIn, hostsOf } from "../pki/issued.ts";
import { decodeCertificates } from "../pki/pem.ts";
import { readPemFile } from "../pki/read_credential.ts";
import { SERVER_DAYS } from "../pki/server_certificate.ts";

const HOUR = 3_600_000;

/** Tells that a new certificate ends before the days that were asked for, because of its authority; `undefined` if it does not. */
export async function describeShortened(
  folder: string,
  path: string,
  kind: "server" | "client",
  days: number = kind === "server" ? SERVER_DAYS : CLIENT_DAYS,
): Promise<string | undefined> {
  const [der = new Uint8Array()] = decodeCertificates(await readPemFile(path));
  const { notAfter } = parseCertificate(der);
  if (notAfter.getTime() > Date.now() + days * DAY_MS - HOUR) return undefined;
  const [{ certificate: authority }] = await authoritiesIn(folder);
  return `"${path}" is valid until ${notAfter.toISOString()} and not for ${days} days: its authority expires at ` +
    `${authority.notAfter.toISOString()}; a new one is made by: teleworker certs init --certs NEW`;
}

/** The hosts of the server's certificate in a folder; none if there is none that can be read. */
export async function serverHosts(folder: string): Promise<string[]> {
  try {
    const [der = new Uint8Array()] = decodeCertificates(await readPemFile(serverFiles(folder).certificate));
    return hostsOf(parseCertificate(der));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
