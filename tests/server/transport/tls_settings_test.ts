import { join } from "node:path";
import { deepEqual } from "../../support/assert.ts";
import { Daemon } from "../../support/daemon.ts";

/** What openssl(1) can offer, each by itself: what a client and the daemon agree on is what docs/security.md says. */
const OFFERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  version: [["-tls1"], ["-tls1_1"], ["-tls1_2"], ["-tls1_3"]],
  suite: [
    ["-ciphersuites", "TLS_AES_128_GCM_SHA256"],
    ["-ciphersuites", "TLS_AES_256_GCM_SHA384"],
    ["-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
    ["-ciphersuites", "TLS_AES_128_CCM_SHA256"],
    ["-ciphersuites", "TLS_AES_128_CCM_8_SHA256"],
  ],
  group: ["X25519", "P-256", "P-384", "P-521", "X448", "ffdhe2048", "ffdhe3072"].map((group) => ["-groups", group]),
};

/** Whether a handshake with this offer succeeds. */
async function agrees(daemon: Daemon, offer: readonly string[]): Promise<boolean> {
  const file = (name: string) => join(daemon.certs, name);
  const { stdout, stderr } = await new Deno.Command("openssl", {
    args: [
      ...["s_client", "-brief", "-connect", daemon.address, "-servername", "localhost", "-CAfile", file("ca.pem")],
      ...["-cert", file("client-alice.pem"), "-key", file("client-alice-key.pem"), ...offer],
    ],
    stdin: "null",
  }).output();
  return [stdout, stderr].some((text) => new TextDecoder().decode(text).includes("CONNECTION ESTABLISHED"));
}

Deno.test("the daemon agrees on TLS 1.3, three suites and three groups, and on nothing else", async () => {
  await using daemon = await Daemon.start();
  const agreed: string[] = [];
  for (const offers of Object.values(OFFERS)) {
    for (const offer of offers) if (await agrees(daemon, offer)) agreed.push(offer.at(-1) ?? "");
  }
  deepEqual(agreed, [
    "-tls1_3",
    ...["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
    ...["X25519", "P-256", "P-384"],
  ]);
});
