import { joinPath } from "../base/paths.ts";
import { attempting } from "../base/system_error.ts";
import { isClientName, parseClientName } from "./client_name.ts";

/** Where a certificate and its private key are. */
export interface CertificateFiles {
  /** The path of the certificate. */
  readonly certificate: string;
  /** The path of the private key. */
  readonly privateKey: string;
}

/** The names of the files in a Secret of Kubernetes of type `kubernetes.io/tls`, which are used where there are none of ours. */
export const SECRET_FILES = { authority: "ca.crt", certificate: "tls.crt", privateKey: "tls.key" } as const;

const RESERVED = [
  /^ca\.pem$/,
  /^crl\.pem$/,
  /^client-.*\.pem$/,
  /-key\.pem$/,
  /\.csr$/,
  /^issued$/,
  new RegExp(`^(?:${Object.values(SECRET_FILES).join("|").replaceAll(".", "\\.")})$`),
];

/** The files of the certificate authority in a folder; its certificate is what everyone else trusts. */
export function authorityFiles(folder: string): CertificateFiles {
  return { certificate: joinPath(folder, "ca.pem"), privateKey: joinPath(folder, "ca-key.pem") };
}

/** The files of the server in a folder. */
export function serverFiles(folder: string): CertificateFiles {
  return { certificate: joinPath(folder, "server.pem"), privateKey: joinPath(folder, "server-key.pem") };
}

/**
 * The files of a client in a folder.
 *
 * @throws {TypeError} if the name is not fit for a file name.
 */
export function clientFiles(folder: string, name: string): CertificateFiles {
  const stem = joinPath(folder, `client-${parseClientName(name)}`);
  return { certificate: `${stem}.pem`, privateKey: `${stem}-key.pem` };
}

/** The request for a certificate that belongs to a private key. */
export function requestFile({ certificate }: CertificateFiles): string {
  return certificate.replace(/\.pem$/, ".csr");
}

/** The file of revoked certificates in a folder, which the daemon reads beside `ca.pem`. */
export function revocationFile(folder: string): string {
  return joinPath(folder, "crl.pem");
}

/** Tells whether a name in a folder of certificates stands for something else than a server's certificate. */
export function isReservedName(name: string): boolean {
  return RESERVED.some((form) => form.test(name));
}

/** The names of the clients that have a certificate in a folder, sorted. */
export async function listClients(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const { name } of await attempting("read", folder, () => Array.fromAsync(Deno.readDir(folder)))) {
    const client = /^client-(.+)\.pem$/.exec(name)?.[1];
    if (client !== undefined && isClientName(client)) names.push(client);
  }
  return names.sort();
}
