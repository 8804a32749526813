import { join } from "node:path";
import { equal } from "../support/assert.ts";
import { makeCertificates } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworker } from "../support/teleworker.ts";
import { replaceCertificate } from "./signed_certificate.ts";

Deno.test("renewal: other directory or a mounted Secret → command that works there", async () => {
  await using folder = await TemporaryFolder.create();
  const [usual, other, secret] = ["usual", "other", "secret"].map((name) => join(folder.path, name));
  if (usual === undefined || other === undefined || secret === undefined) throw new Error("No folders");
  await makeCertificates(other);
  await replaceCertificate(other, "client-alice", -26);
  await Deno.mkdir(secret, { mode: 0o700 });
  const names = [["ca.pem", "ca.crt"], ["client-alice.pem", "tls.crt"], ["client-alice-key.pem", "tls.key"]] as const;
  for (const [ours, mounted] of names) await Deno.copyFile(join(other, ours), join(secret, mounted));
  /** The end of what the client says of its certificate, which has expired. */
  const told = async (certs: string, args: string[]) => {
    const { code, stderr } = await teleworker({ address: "127.0.0.1:1", certs }, ["list", ...args]);
    equal(code, 1);
    return /: our certificate expired 1 day ago: (.*)\n$/.exec(stderr)?.[1] ?? stderr;
  };
  equal(await told(other, []), "teleworker certs renew alice");
  equal(await told(other, ["--certs", `${other}/`]), "teleworker certs renew alice");
  equal(await told(usual, ["--certs", other]), `teleworker certs renew alice --certs "${other}"`);
  equal(await told(secret, []), "renew it where it was made");
});
