import { join } from "node:path";
import { deepEqual, equal, match, notEqual } from "../support/assert.ts";
import { Certs } from "../client/certs_command.ts";
import { openssl } from "../pki/openssl.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworkerd } from "./teleworkerd.ts";

function modeOf(path: string): string {
  return ((Deno.statSync(path).mode ?? 0) & 0o7777).toString(8);
}

Deno.test("request makes a key and a request that the authority signs, and the daemon starts with the certificate", async () => {
  await using folder = await TemporaryFolder.create();
  const authority = new Certs(join(folder.path, "authority"));
  await authority.prints("init");
  const host = join(folder.path, "etc", "certs");
  const { code, stdout, stderr } = await teleworkerd(["request", "localhost", "127.0.0.1", "--certs", host]);
  deepEqual([code, stderr], [0, ""]);
  const sign = "sign it where the authority is (teleworker certs server localhost 127.0.0.1 --csr server.csr)";
  equal(stdout, `${host}/server.csr: ${sign}, then put server.pem and ca.pem beside it\n`);
  deepEqual([host, `${host}/server-key.pem`, `${host}/server.csr`].map(modeOf), ["700", "600", "600"]);

  await Deno.rename(join(host, "server.csr"), authority.path("server.csr"));
  await authority.prints("server", "localhost", "127.0.0.1", "--csr", authority.path("server.csr"));
  for (const name of ["ca.pem", "server.pem"]) await Deno.copyFile(authority.path(name), join(host, name));
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  try {
    const options = ["--listen", "127.0.0.1:0", "--state-dir", join(folder.path, "state"), "--cgroup-root", cgroupRoot];
    const daemon = await teleworkerd(["--certs", host, ...options]);
    match(daemon.stdout, /^teleworkerd listening on /, daemon.stderr);
  } finally {
    await removeCgroups(cgroupRoot);
  }
});

Deno.test("request replaces nothing unless it is forced, and makes the type of key that is wanted", async () => {
  await using folder = await TemporaryFolder.create();
  const key = join(folder.path, "server-key.pem");
  const env = { TELEWORKERD_CERTS: folder.path };
  equal((await teleworkerd(["request", "a.example"], env)).code, 0);
  const first = await Deno.readTextFile(key);
  const again = await teleworkerd(["request", "a.example"], env);
  deepEqual([again.code, again.stdout], [1, ""]);
  match(again.stderr, /^teleworkerd: Cannot write ".*server\.csr": it exists already, and only --force replaces it\n$/);
  equal(await Deno.readTextFile(key), first);
  const forced = await teleworkerd(["request", "a.example", "--force", "--key-type", "ed25519"], env);
  equal(forced.code, 0, forced.stderr);
  notEqual(await Deno.readTextFile(key), first);
  match(await openssl("pkey", "-in", key, "-text", "-noout"), /^ED25519 /);
});

Deno.test("request says what it cannot make", async () => {
  await using folder = await TemporaryFolder.create();
  const reasons: readonly (readonly [args: readonly string[], code: number, message: RegExp])[] = [
    [["request", "--certs", folder.path], 2, /Expected a `?HOST/],
    [["request", "a", "--certs", folder.path, "--key-type", "dsa"], 2, /ec-p256/],
    [["request", "a"], 1, /^teleworkerd: Cannot make a request: name the folder of the certificates with --certs\n$/],
    [["request", "a/b", "--certs", folder.path], 1, /^teleworkerd: Cannot make a certificate for host "a\/b": /],
  ];
  for (const [args, code, message] of reasons) {
    const ended = await teleworkerd(args);
    deepEqual([ended.code, ended.stdout], [code, ""], args.join(" "));
    match(ended.stderr, message);
  }
  deepEqual([...Deno.readDirSync(folder.path)], []);
});
