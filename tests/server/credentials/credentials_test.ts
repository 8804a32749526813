import { join } from "node:path";
import { deepEqual, doesNotThrow, equal, match, notEqual, rejects, throws } from "../../support/assert.ts";
import {
  type CredentialFiles,
  credentialFiles,
  readCredentials,
  rereadCredentials,
} from "../../../lib/server/credentials/credentials.ts";
import { revoke } from "../../../lib/pki/revoke.ts";
import { optionsSchema } from "../../../lib/server/options.ts";
import { requireOwnFolders } from "../../../lib/server/credentials/credential_folders.ts";
import { replaceCertificate } from "../../client/signed_certificate.ts";
import { openssl } from "../../pki/openssl.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { TemporaryFolder } from "../../support/folder.ts";
import { mkfifo } from "../../support/mkfifo.ts";

async function withFiles(run: (folder: string, files: CredentialFiles) => Promise<void>): Promise<void> {
  await using folder = await TemporaryFolder.create();
  await makeCertificates(folder.path);
  const files = credentialFiles(optionsSchema.parse({ certs: folder.path }));
  if (files !== null) await run(folder.path, files);
}

/** What is wrong with the files once `change` was made, at a start and at a reload, which must keep all that was good. */
async function problemWith(folder: string, files: CredentialFiles, change: () => Promise<unknown>): Promise<string> {
  const old = await readCredentials(files);
  await change();
  let problem = "";
  deepEqual(await rereadCredentials(files, old, (error) => problem += error), old);
  await rejects(readCredentials(files), (error: Error) => problem === String(error), problem);
  equal(problem.includes(folder), true);
  return problem;
}

const UNUSABLE: ReadonlyMap<string, readonly string[]> = new Map([
  ["secp256k1", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]],
  ["RSA 1024", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]],
  ["RSA-PSS", ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]],
  ["Ed448", ["-algorithm", "ED448"]],
]);
for (const [name, key] of UNUSABLE) {
  Deno.test(`readCredentials takes no server's certificate with a key of ${name}, with which no handshake would succeed`, async () => {
    await withFiles(async (folder, files) => {
      const problem = await problemWith(folder, files, async () => {
        await openssl("genpkey", ...key, "-out", files.key);
        const subject = ["-subj", "/CN=server", "-addext", "basicConstraints=CA:FALSE"];
        await openssl("req", "-x509", "-new", "-key", files.key, ...subject, "-out", files.certificate);
      });
      match(problem, /^Error: Cannot use the (certificate|private key) /);
    });
  });
}

Deno.test("readCredentials takes no client's certificate for a server's", async () => {
  await withFiles(async (folder, files) => {
    const problem = await problemWith(folder, files, async () => {
      await Deno.copyFile(join(folder, "client-alice.pem"), files.certificate);
      await Deno.copyFile(join(folder, "client-alice-key.pem"), files.key);
    });
    equal(problem, `Error: Cannot use the certificate "${files.certificate}": it is not for servers`);
  });
});

Deno.test("readCredentials waits for no FIFO and reads nothing huge", async () => {
  for (const part of ["ca", "certificate", "key", "crl"] as const) {
    await withFiles(async (folder, files) => {
      const path = files[part] ?? "";
      const fifo = async () => {
        await Deno.remove(path).catch(() => {});
        await mkfifo(path);
      };
      match(await problemWith(folder, files, fifo), /: it is not a regular file$/);
    });
    await withFiles(async (folder, files) => {
      const huge = () =>
        Deno.writeTextFile(files[part] ?? "", "").then(() => Deno.truncate(files[part] ?? "", 2 ** 40));
      match(await problemWith(folder, files, huge), /: it is larger than 16777216 bytes$/);
    });
  }
});

Deno.test("rereadCredentials gives up no valid server's certificate for one that is over or not yet valid", async () => {
  for (const [hours, why] of [[-5, "it has expired at "], [5, "it is not valid before "]] as const) {
    await withFiles(async (folder, files) => {
      const good = await readCredentials(files);
      await replaceCertificate(folder, "server", hours);
      let problem = "";
      const reread = (old: typeof good) => rereadCredentials(files, old, (error) => problem += error);
      deepEqual(await reread(good), good);
      const begin = `Error: Cannot use the certificate "${files.certificate}": ${why}20`;
      equal(problem.slice(0, begin.length), begin);
      // A start takes it, and so does who has nothing better.
      const bad = await readCredentials(files);
      notEqual(bad.certificate, good.certificate);
      problem = "";
      await replaceCertificate(folder, "server", hours);
      const other = await reread(bad);
      deepEqual([other.certificate === bad.certificate, problem], [false, ""]);
      await replaceCertificate(folder, "server", -1);
      notEqual((await reread(other)).certificate, other.certificate);
      equal(problem, "");
    });
  }
});

Deno.test("rereadCredentials tells again of a list that is older, also beside another that is in force, and changes nothing", async () => {
  await withFiles(async (folder, files) => {
    const other = join(folder, "other");
    await makeCertificates(other);
    await Deno.writeTextFile(
      files.ca,
      await Deno.readTextFile(files.ca) + await Deno.readTextFile(join(other, "ca.pem")),
    );
    const older = await Deno.readTextFile((await revoke(folder, "alice")).file);
    await revoke(folder, "bob");
    const old = await readCredentials(files);
    await Deno.writeTextFile(files.crl ?? "", older + await Deno.readTextFile((await revoke(other, "alice")).file));
    const problems: string[] = [];
    const reread = (current: typeof old) => rereadCredentials(files, current, (error) => problems.push(String(error)));
    const taken = await reread(old);
    notEqual(taken.crl, old.crl);
    equal((await reread(taken)).authorities, taken.authorities);
    deepEqual(problems.map((problem) => /it is older than the one in force$/.test(problem)), [true, true]);
  });
});

Deno.test("readCredentials takes no server's key that others have access to, a group's one it does", async () => {
  await withFiles(async (folder, files) => {
    for (const mode of [0o644, 0o602, 0o601]) {
      const problem = await problemWith(folder, files, () => Deno.chmod(files.key, mode));
      equal(problem, `Error: Cannot read "${files.key}": others have access to it; run: chmod o= "${files.key}"`);
      await Deno.chmod(files.key, 0o640);
      await readCredentials(files);
    }
  });
});

Deno.test("readCredentials takes no file that others can write to", async () => {
  await withFiles(async (folder, files) => {
    const crl = (await revoke(folder, "alice")).file;
    for (const path of [files.ca, files.certificate, crl]) {
      const problem = await problemWith(folder, files, () => Deno.chmod(path, 0o666));
      equal(problem, `Error: Cannot read "${path}": others can write to it; run: chmod o-w "${path}"`);
      await Deno.chmod(path, 0o664);
    }
    await readCredentials(files);
  });
});

Deno.test("requireOwnFolders takes no folder of certificates that others can write to", async () => {
  await withFiles(async (folder, files) => {
    for (const mode of [0o700, 0o755, 0o775]) {
      await Deno.chmod(folder, mode);
      doesNotThrow(() => requireOwnFolders(files));
    }
    await Deno.chmod(folder, 0o777);
    throws(() => requireOwnFolders(files), {
      message: `Cannot use the certificates in "${folder}": others can write there; run: chmod o-w "${folder}"`,
    });
    await Deno.chmod(folder, 0o700);
    doesNotThrow(() => requireOwnFolders({ ...files, crl: "/no/such/folder/crl.pem" }));
    const open = join(folder, "open");
    await Deno.mkdir(open);
    await Deno.chmod(open, 0o777);
    const crl = join(open, "crl.pem");
    throws(() => requireOwnFolders({ ...files, crl }), { message: new RegExp(`the certificates in "${open}"`) });
  });
});
