import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { findClient } from "../../lib/pki/find_client.ts";
import { addClient, addServer, initAuthority } from "../../lib/pki/store.ts";
import { equal, match } from "../support/assert.ts";
import { Folder } from "./folder.ts";

Deno.test("findClient reads the only client of the first folder with an authority", async () => {
  using folder = new Folder();
  const [none, first, second] = [folder.file("none"), folder.file("first"), folder.file("second")];
  await initAuthority(first, { commonName: "First" });
  await initAuthority(second, { commonName: "Second" });
  const files = await addClient(first, "alice");
  await addServer(first, ["localhost"]);
  await addClient(second, "bob");
  const client = await findClient([none, folder.write("file", ""), first, second]);
  assert.equal(client.name, "alice");
  assert.match(new X509Certificate(client.caPem).subject, /CN=First/);
  assert.equal(client.certificatePem, Deno.readTextFileSync(files.certificate));
  assert.equal(client.privateKeyPem, Deno.readTextFileSync(files.privateKey));
});

Deno.test("findClient needs no private key of the authority", async () => {
  using folder = new Folder();
  await initAuthority(folder.path);
  await addClient(folder.path, "alice");
  await Deno.remove(folder.file("ca-key.pem"));
  assert.equal((await findClient([folder.path], "alice")).name, "alice");
});

Deno.test("findClient chooses among several only by name", async () => {
  using folder = new Folder();
  await initAuthority(folder.path);
  for (const name of ["bob", "alice", "keyless"]) await addClient(folder.path, name);
  folder.write("client-b ob.pem", "");
  folder.write("client-.pem", "");
  await Deno.remove(folder.file("client-keyless-key.pem"));
  await assert.rejects(findClient([folder.path]), {
    message: `Cannot choose a client certificate in "${folder.path}": ` +
      'there are "alice", "bob", "keyless"; choose one with --identity',
  });
  assert.equal((await findClient([folder.path], "bob")).name, "bob");
  await assert.rejects(findClient([folder.path], "carol"), {
    name: "NotFound",
    message: `Cannot find client certificate "carol" in "${folder.path}": there are only "alice", "bob", "keyless"`,
  });
  await assert.rejects(findClient([folder.path], "keyless"), {
    name: "NotFound",
    message: `Cannot read "${folder.file("client-keyless-key.pem")}": it does not exist`,
  });
});

Deno.test("findClient says where it has looked", async () => {
  using folder = new Folder();
  const [a, b] = [folder.file("a"), folder.file("b")];
  await assert.rejects(findClient([a, b]), {
    name: "NotFound",
    message: `Cannot find certificates: there is no "ca.pem" in "${a}", "${b}"; name their folder with --certs`,
  });
  await assert.rejects(findClient([]), Deno.errors.NotFound);
  await initAuthority(a);
  await assert.rejects(findClient([a, b], "alice"), {
    name: "NotFound",
    message: `Cannot find a client certificate in "${a}": there is none`,
  });
});

Deno.test("findClient refuses a private key that others have access to", async () => {
  using folder = new Folder();
  await initAuthority(folder.path);
  const { privateKey } = await addClient(folder.path, "alice");
  for (const permissions of [0o640, 0o604, 0o620, 0o644]) {
    await Deno.chmod(privateKey, permissions);
    await assert.rejects(findClient([folder.path]), {
      name: "PermissionDenied",
      message: `Cannot use private key "${privateKey}": others than its owner have access to it; ` +
        `run: chmod 600 "${privateKey}"`,
    });
  }
  await Deno.chmod(privateKey, 0o400);
  assert.equal((await findClient([folder.path])).name, "alice");
});

Deno.test("findClient trusts no authority that others could have put there", async () => {
  using folder = new Folder();
  const certs = folder.file("certs");
  const { certificate } = await initAuthority(certs);
  await addClient(certs, "alice");
  for (const [path, others, own] of [[certificate, 0o646, 0o664], [certs, 0o707, 0o775]] as const) {
    await Deno.chmod(path, others);
    await assert.rejects(findClient([certs]), {
      name: "PermissionDenied",
      message: `Cannot trust "${path}": others can write there; run: chmod o-w "${path}"`,
    });
    await Deno.chmod(path, own);
    assert.equal((await findClient([certs])).name, "alice");
  }
});

Deno.test("findClient loads no package, since every start of a client waits for it", async () => {
  const { pathname } = new URL("../../lib/pki/find_client.ts", import.meta.url);
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", pathname] }).output();
  const { modules }: { modules: { specifier: string }[] } = JSON.parse(new TextDecoder().decode(stdout));
  const specifiers = modules.map(({ specifier }) => specifier);
  assert.ok(specifiers.some((specifier) => specifier.endsWith("/find_client.ts")));
  assert.deepEqual(specifiers.filter((specifier) => !/^(?:file|node):/.test(specifier)), []);
});

Deno.test({
  name: "findClient: key that root owns and our group reads → used by an account",
  ignore: Deno.uid() !== 0,
  async fn() {
    using folder = new Folder();
    await initAuthority(folder.path);
    const { certificate, privateKey } = await addClient(folder.path, "alice");
    await Deno.chmod(folder.path, 0o755);
    for (const path of [folder.file("ca.pem"), certificate]) await Deno.chmod(path, 0o644);
    await Deno.chown(privateKey, 0, 65534);
    const { href } = new URL("../../lib/pki/find_client.ts", import.meta.url);
    const script = `const { findClient } = await import(${JSON.stringify(href)});
      console.log(await findClient([${
      JSON.stringify(folder.path)
    }]).then(({ name }) => name, ({ message }) => message));`;
    const use = async (mode: number) => {
      await Deno.chmod(privateKey, mode);
      const account = ["--reuid=65534", "--regid=65534", "--clear-groups", Deno.execPath()];
      const { stdout } = await new Deno.Command("setpriv", {
        args: [...account, "eval", "--no-lock", "--no-config", script],
        env: { DENO_DIR: "/nonexistent", HOME: "/nonexistent" },
      }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    equal(await use(0o440), "alice");
    equal(await use(0o640), "alice");
    for (const mode of [0o460, 0o444]) match(await use(mode), /^Cannot use private key ".*": others than its owner/);
  },
});
