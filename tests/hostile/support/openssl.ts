import { join } from "node:path";
import type { Daemon } from "../../support/daemon.ts";

/** What openssl's client says and gets when it asks with the certificate of `name`. */
export async function askByOpenssl(
  daemon: Pick<Daemon, "address" | "certs">,
  name: string,
  request: string,
  ...args: readonly string[]
): Promise<string> {
  const file = (name: string) => join(daemon.certs, name);
  const client = new Deno.Command("openssl", {
    args: [
      ...["s_client", "-connect", daemon.address, "-CAfile", file("ca.pem"), "-ign_eof"],
      ...["-cert", file(`client-${name}.pem`), "-key", file(`client-${name}-key.pem`), ...args],
    ],
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" },
  }).spawn();
  const writer = client.stdin.getWriter();
  // It may have gone before.
  await writer.write(new TextEncoder().encode(request)).catch(() => {});
  await writer.close().catch(() => {});
  const { stdout, stderr } = await client.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}
