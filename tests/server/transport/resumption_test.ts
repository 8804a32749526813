import { join } from "node:path";
import { equal, match } from "../../support/assert.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { Daemon } from "../../support/daemon.ts";
import { OpensslRevocations } from "../../support/openssl_authority.ts";
import { askWithOpenssl } from "../../support/openssl_client.ts";
import { until } from "../../support/until.ts";

Deno.test("a resumed session is checked anew: revoked peers, and those of an authority that is gone, stay out", async () => {
  await using daemon = await Daemon.start();
  const sessions = ["first", "second", "third"].map((name) => join(daemon.folder.path, name));
  const [first = "", second = "", third = ""] = sessions;
  for (const session of sessions) {
    match(
      await askWithOpenssl(daemon, { certificate: "client-alice" }, "-sess_out", session),
      /New, TLSv1\.3[^]*HTTP\/1\.1 200/,
    );
  }
  match(
    await askWithOpenssl(daemon, { certificate: "client-alice" }, "-sess_in", first),
    /Reused, TLSv1\.3[^]*HTTP\/1\.1 200/,
  );

  const crl = join(daemon.certs, "crl.pem");
  const revocations = await OpensslRevocations.create(join(daemon.folder.path, "openssl"), daemon.certs);
  await revocations.revoke("alice");
  await Deno.writeTextFile(crl, await revocations.list());
  await until("the list is there", () => /Took in a change of .*revoked certificates/.test(daemon.log));
  const revoked = await askWithOpenssl(daemon, { certificate: "client-alice" }, "-sess_in", second);
  match(revoked, /Reused, TLSv1\.3/);
  match(revoked, /HTTP\/1\.1 403[^]*it was revoked/);
  equal(revoked.includes("HTTP/1.1 200"), false, revoked);
  await until("the daemon says why", () => daemon.log.includes("it was revoked"));

  const strangers = join(daemon.folder.path, "strangers");
  await makeCertificates(strangers);
  for (const name of ["ca.pem", "server.pem", "server-key.pem"]) {
    await Deno.copyFile(join(strangers, name), join(daemon.certs, name));
  }
  await until("the authority is gone", () => /Took in a change of .*the authorities/.test(daemon.log));
  const foreign = await askWithOpenssl(daemon, { certificate: "client-alice" }, "-sess_in", third);
  match(foreign, /Reused, TLSv1\.3/);
  equal(foreign.includes("HTTP/1.1"), false, foreign);
  await until("the daemon says why", () => daemon.log.includes("no trusted authority has signed it"));
});
