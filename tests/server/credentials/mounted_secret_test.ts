import { basename, join } from "node:path";
import { issueServerCertificate } from "../../../lib/pki/server_certificate.ts";
import { readCredential } from "../../../lib/pki/read_credential.ts";
import { authorityFiles } from "../../../lib/pki/certificate_files.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { Daemon } from "../../support/daemon.ts";
import { canMount, READ_ONLY } from "../../support/read_only.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { programWords } from "../../support/programs.ts";
import { teleworker } from "../../support/teleworker.ts";
import { deepEqual, equal, match } from "../../support/assert.ts";
import { teleworkerd } from "../teleworkerd.ts";

/** A folder as Kubernetes mounts a Secret: its files are links through `..data` to a directory that an update replaces. */
class Secret {
  #updates = 0;

  constructor(readonly folder: string) {}

  /** Puts these files in the place of what is there, all at once. */
  async update(files: Readonly<Record<string, string>>, mode = 0o400): Promise<void> {
    await Deno.mkdir(this.folder, { recursive: true });
    await Deno.chmod(this.folder, 0o1777);
    const version = join(this.folder, `..2026_${++this.#updates}`);
    await Deno.mkdir(version);
    await Deno.chmod(version, 0o755);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(version, name), text);
      await Deno.chmod(join(version, name), mode);
    }
    await Deno.symlink(basename(version), join(this.folder, "..data_tmp"));
    await Deno.rename(join(this.folder, "..data_tmp"), join(this.folder, "..data"));
    for (const name of Object.keys(files)) {
      await Deno.symlink(`..data/${name}`, join(this.folder, name)).catch((error) => {
        if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
      });
    }
  }
}

/** What a Secret holds for a server or a client of a folder of certificates. */
function filesOf(certs: string, name: string): Record<string, string> {
  const read = (file: string) => Deno.readTextFileSync(join(certs, file));
  return { "ca.crt": read("ca.pem"), "tls.crt": read(`${name}.pem`), "tls.key": read(`${name}-key.pem`) };
}

for (const [where, prefix] of [["sticky", []], ["read-only", READ_ONLY]] as const) {
  Deno.test({
    name: `mounted Secret: ${where} → both sides use it and take in an update`,
    ignore: prefix.length > 0 && !canMount,
    async fn() {
      await using made = await TemporaryFolder.create();
      await makeCertificates(made.path);
      await using daemon = await Daemon.start({ prefix });
      await daemon.end();
      await Deno.remove(daemon.certs, { recursive: true });
      const [server, client] = [new Secret(daemon.certs), new Secret(join(daemon.folder.path, "client"))];
      await server.update(filesOf(made.path, "server"));
      await client.update(filesOf(made.path, "client-alice"));
      if (where === "read-only") await Deno.chmod(daemon.certs, 0o755);
      await daemon.run();
      const list = async (...args: string[]) => {
        const options = { env: { TELEWORKER_IDENTITY: "" } };
        const { code, stderr } = await teleworker(
          { address: daemon.address, certs: client.folder },
          ["list", ...args],
          options,
        );
        return [code, stderr];
      };
      deepEqual(await list(), [0, ""]);
      deepEqual(await list("--identity", "alice"), [0, ""]);
      match(`${(await list("--identity", "bob"))[1]}`, /there is only ".*tls\.crt", which is that of "alice"\n$/);

      const authority = await readCredential(authorityFiles(made.path));
      const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, ["127.0.0.1"]);
      const from = daemon.log.length;
      await server.update({ ...filesOf(made.path, "server"), "tls.crt": certificatePem, "tls.key": privateKeyPem });
      await daemon.logged(/Took in a change of .*the server's certificate/, from);
      deepEqual(await list(), [0, ""]);
    },
  });
}

Deno.test("mounted Secret: key readable by all → refused with a cure that works there", async (t) => {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(join(folder.path, "made"));
  const secret = new Secret(join(folder.path, "secret"));
  await secret.update(filesOf(join(folder.path, "made"), "server"), 0o644);
  const args = ["check", "--certs", secret.folder, "--state-dir", join(folder.path, "state")];
  const key = join(secret.folder, "tls.key");
  const certificates = (stdout: string) => /certificates: (.*)/.exec(stdout)?.[1];
  await t.step("a directory that can be written", async () => {
    const { code, stdout } = await teleworkerd(args);
    equal(code, 1);
    equal(certificates(stdout), `Cannot read "${key}": others have access to it; run: chmod o= "${key}"`);
    await Deno.chmod(key, 0o440);
    match((await teleworkerd(args)).stdout, /certificates: .* can be used/);
    await Deno.chmod(key, 0o644);
  });
  await t.step({
    name: "one that is read-only",
    ignore: !canMount,
    async fn() {
      const { code, stdout } = await teleworkerd(args, {}, READ_ONLY);
      equal(code, 1);
      const cure = "mount it with a mode such as 0400 (for a Secret of Kubernetes: defaultMode: 0400 in the volume)";
      equal(certificates(stdout), `Cannot read "${key}": others have access to it; ${cure}`);
      const state = ["check", "--certs", secret.folder, "--state-dir", join(secret.folder, "state")];
      match(
        (await teleworkerd(state, {}, READ_ONLY)).stdout,
        /^ {2}no {3}state folder: .*secret" cannot be written; /m,
      );
    },
  });
});

Deno.test({
  name: "sticky directory: file, link or directory of another account → refused",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using daemon = await Daemon.start();
    await Deno.chmod(daemon.certs, 0o1777);
    const [crl, server] = [join(daemon.certs, "crl.pem"), join(daemon.certs, "server.pem")];
    const from = daemon.log.length;
    await Deno.writeTextFile(crl, "");
    await Deno.chown(crl, 65534, 65534);
    await daemon.logged(/Refused a change .*crl\.pem.* belongs to another account, of user id 65534/, from);
    await daemon.end();
    await Deno.remove(crl);
    const problem = async () => {
      const { stdout } = await teleworkerd(["check", "--certs", daemon.certs, "--state-dir", daemon.state]);
      return /certificates: (.*)/.exec(stdout)?.[1] ?? stdout;
    };
    match(await problem(), /can be used$/);
    const begin = `Cannot use the certificates in "${daemon.certs}": others can write there`;
    await Deno.chown(server, 65534, 65534);
    equal(await problem(), `${begin}, and "${server}" belongs to another account, of user id 65534`);
    await Deno.chown(server, 0, 0);
    const ca = join(daemon.certs, "ca.pem");
    await Deno.chown(ca, 65534, 65534);
    const { code, stderr } = await teleworker(daemon, ["list"]);
    deepEqual([code, stderr.includes(`"${ca}" belongs to another account, of user id 65534`)], [1, true], stderr);
    await Deno.chown(ca, 0, 0);
    // A link of ours to where anybody can write.
    const open = join(daemon.folder.path, "open");
    await Deno.mkdir(open);
    await Deno.rename(server, join(open, "server.pem"));
    await Deno.symlink("../open/server.pem", server);
    match(await problem(), /can be used$/);
    await Deno.chmod(open, 0o777);
    match(
      await problem(),
      /^Cannot use the certificates in ".*open": others can write there; run: chmod o-w ".*open"$/,
    );
    await Deno.chmod(open, 0o755);
    await Deno.chown(daemon.certs, 65534, 65534);
    equal(await problem(), `${begin}; run: chmod o-w "${daemon.certs}"`);
  },
});

Deno.test({
  name: "read-only mount: others can write to the original → refused with a cure",
  ignore: !canMount,
  async fn() {
    await using folder = await TemporaryFolder.create();
    const certs = join(folder.path, "certs");
    await makeCertificates(certs);
    const args = ["check", "--certs", certs, "--state-dir", join(folder.path, "state")];
    const problem = async () => {
      const { stdout } = await teleworkerd(args, {}, READ_ONLY);
      return /certificates: (.*)/.exec(stdout)?.[1] ?? stdout;
    };
    await Deno.chmod(certs, 0o777);
    equal(
      await problem(),
      `Cannot use the certificates in "${certs}": others can write there where it is not mounted read-only; ` +
        "mount a directory of a mode such as 0755",
    );
    const list = ["list", "--certs", certs, "--host", "127.0.0.1:1"];
    const { code, stderr } = await teleworker({ address: "", certs }, list, {
      program: [...READ_ONLY, ...programWords("teleworker")],
    });
    deepEqual([code, stderr.includes(`Cannot trust "${certs}": others can write there where`)], [1, true], stderr);
    for (const mode of [0o755, 0o1777]) {
      await Deno.chmod(certs, mode);
      match(await problem(), /can be used$/);
    }
    const ca = join(certs, "ca.pem");
    await Deno.chmod(ca, 0o666);
    match(await problem(), /^Cannot read ".*ca\.pem": others can write to it; mount it with a mode such as 0400 /);
  },
});
