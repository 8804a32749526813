import { join } from "node:path";
import type { Daemon } from "./daemon.ts";

const VERSION = "GET /v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/**
 * Asks a daemon with `openssl s_client`, which shows any certificate that it is given.
 * @param certificate the name of its files in the daemon's folder, less their endings.
 * @param request asks for the version by default.
 * @param args more arguments of s_client.
 * @returns everything that it says and gets.
 */
export async function askWithOpenssl(
  daemon: Pick<Daemon, "address" | "certs">,
  { certificate, request = VERSION }: { readonly certificate: string; readonly request?: string },
  ...args: readonly string[]
): Promise<string> {
  const file = (name: string) => join(daemon.certs, name);
  const client = new Deno.Command("openssl", {
    args: [
      ...["s_client", "-connect", daemon.address, "-CAfile", file("ca.pem"), "-ign_eof"],
      ...["-cert", file(`${certificate}.pem`), "-key", file(`${certificate}-key.pem`), ...args],
    ],
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = client.stdin.getWriter();
  // It may be gone before it has read it.
  await writer.write(new TextEncoder().encode(request)).catch(() => {});
  await writer.close().catch(() => {});
  const { stdout, stderr } = await client.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}
