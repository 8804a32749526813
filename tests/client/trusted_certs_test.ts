import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { makeCertificates } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworker } from "../support/teleworker.ts";

Deno.test("client: `..` in a link below a linked folder → directory of the kernel checked", async () => {
  await using folder = await TemporaryFolder.create();
  const at = (name: string) => join(folder.path, name);
  for (const name of ["home", "real/weak", "weak"]) await Deno.mkdir(at(name), { recursive: true });
  await makeCertificates(at("real/certs"));
  await Deno.rename(at("real/certs/ca.pem"), at("real/weak/ca.pem"));
  await Deno.symlink("../weak/ca.pem", at("real/certs/ca.pem"));
  await Deno.symlink("../real/certs", at("home/certs"));
  const list = async (certs: string) => {
    const { code, stdout, stderr } = await teleworker({ address: "127.0.0.1:1", certs }, ["list"]);
    deepEqual([code, stdout], [1, ""]);
    return stderr;
  };
  await Deno.chmod(at("real/weak"), 0o777);
  for (const certs of ["real/certs", "home/certs"]) {
    const cure = `others can write there; run: chmod o-w "${at("real/weak")}"`;
    equal(await list(at(certs)), `teleworker: Cannot trust "${at("real/weak")}": ${cure}\n`);
  }
  await Deno.chmod(at("real/weak"), 0o755);
  equal((await list(at("home/certs"))).includes("Cannot trust"), false);
});
