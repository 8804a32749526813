import { join } from "node:path";
import { makeCertificates } from "../../support/certificates.ts";
import type { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";

/** Puts a file in the place of another in one step. */
export async function replace(path: string, text: string): Promise<void> {
  await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
  await Deno.rename(`${path}.new`, path);
}

/** Whether a client with certificates from `certs`, which trusts what is there, is answered on a new connection. */
export async function worksFor(daemon: Daemon, name: string, certs = daemon.certs): Promise<boolean> {
  using https = await Https.as({ address: daemon.address, certs }, name);
  try {
    return await https.status("/healthz") === 200;
  } catch {
    return false;
  }
}

/** A folder with certificates of an authority of the same name that the daemon does not trust. */
export async function strangersOf(daemon: Daemon): Promise<{ certs: string; read: (file: string) => Promise<string> }> {
  const certs = join(daemon.folder.path, "strangers");
  await makeCertificates(certs);
  return { certs, read: (file) => Deno.readTextFile(join(certs, file)) };
}
