import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworker } from "../support/teleworker.ts";
import { atHome } from "./home.ts";

Deno.test("certs makes an authority, servers and clients", async (t) => {
  await using folder = await TemporaryFolder.create();
  const path = join(folder.path, "deep", "certs");
  const certs = async (...args: string[]) => await teleworker({ address: "", certs: path }, ["certs", ...args]);
  const mode = async (name: string) => ((await Deno.stat(join(path, name))).mode ?? 0) & 0o777;
  const certificate = async (name: string) => new X509Certificate(await Deno.readTextFile(join(path, name)));
  const days = ({ validFromDate, validToDate }: X509Certificate) =>
    Math.floor((validToDate.getTime() - validFromDate.getTime()) / 86_400_000);

  await t.step("but no certificate without an authority", async () => {
    for (const args of [["server", "localhost"], ["client", "alice"]]) {
      const stderr =
        `teleworker: Cannot read "${path}/ca.pem": it does not exist; an authority is made by: teleworker certs init\n`;
      deepEqual(await certs(...args), { code: 1, stdout: "", stderr });
    }
  });

  await t.step("an authority, in a folder of its owner", async () => {
    const stdout = `${path}/ca.pem\n${path}/ca-key.pem\n`;
    deepEqual(await certs("init"), { code: 0, stdout, stderr: "" });
    deepEqual([await mode(""), await mode("ca.pem"), await mode("ca-key.pem")], [0o700, 0o600, 0o600]);
    const authority = await certificate("ca.pem");
    deepEqual([authority.ca, days(authority)], [true, 3650]);
  });

  await t.step("a server, for its names and addresses", async () => {
    const stdout = `${path}/server.pem\n${path}/server-key.pem\n`;
    deepEqual(await certs("server", "localhost", "127.0.0.1", "::1"), { code: 0, stdout, stderr: "" });
    deepEqual([await mode("server.pem"), await mode("server-key.pem")], [0o600, 0o600]);
    const server = await certificate("server.pem");
    ok(server.verify((await certificate("ca.pem")).publicKey));
    equal(server.subjectAltName, "DNS:localhost, IP Address:127.0.0.1, IP Address:::1");
  });

  await t.step("clients, with and without a role", async () => {
    const stdout = `${path}/client-alice.pem\n${path}/client-alice-key.pem\n`;
    deepEqual(await certs("client", "alice"), { code: 0, stdout, stderr: "" });
    for (const role of ["admin", "user"]) equal((await certs("client", role, "--role", role)).code, 0);
    deepEqual([await mode("client-alice.pem"), await mode("client-alice-key.pem")], [0o600, 0o600]);
    const alice = await certificate("client-alice.pem");
    deepEqual([alice.subject, alice.ca, days(alice)], ["CN=alice", false, 45]);
    ok(alice.verify((await certificate("ca.pem")).publicKey));
  });

  await t.step("and never in the place of another", async () => {
    const before = await contents(path);
    for (
      const [file, ...args] of [["ca", "init"], ["server", "server", "a.example"], ["client-alice", "client", "alice"]]
    ) {
      const stderr =
        `teleworker: Cannot write "${path}/${file}.pem": it exists already, and only --force replaces it\n`;
      deepEqual(await certs(...args), { code: 1, stdout: "", stderr });
    }
    deepEqual(await contents(path), before);
  });

  await t.step("and not for what can be no name, no host, no role", async () => {
    const before = await contents(path);
    for (const name of ["../evil", "", "a/b", "alice-key", ".hidden", "a b", "x".repeat(65)]) {
      const { code, stderr } = await certs("client", name);
      equal(code, 2, name);
      match(stderr, /^teleworker: Cannot use client name /);
    }
    for (const host of ["", "a b", "-a", "http://a", "1.2.3", "a:8443"]) {
      const { code, stderr } = await certs("server", "--", host);
      equal(code, 2, host);
      match(stderr, /^teleworker: Cannot make a certificate for host /);
    }
    equal((await certs("client", "carol", "--role", "root")).code, 2);
    deepEqual(await contents(path), before);
  });
});

Deno.test("certs looks for its folder in --certs, TELEWORKER_CERTS and the home", async () => {
  await using folder = await TemporaryFolder.create();
  const at = (name: string) => join(folder.path, name);
  const init = async (variable: string, ...args: string[]) => {
    const env = atHome(folder.path);
    return await teleworker({ address: "", certs: variable }, ["certs", "init", ...args], { env });
  };
  equal((await init(at("variable"), "--certs", at("flag"))).stdout.split("\n")[0], at("flag/ca.pem"));
  equal((await init(at("variable"))).stdout.split("\n")[0], at("variable/ca.pem"));
  equal((await init("")).stdout.split("\n")[0], at(".config/teleworker/certs/ca.pem"));
});

async function contents(folder: string): Promise<[name: string, text: string][]> {
  const names = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name).sort();
  return await Promise.all(
    names.map(async (name) => [name, await Deno.readTextFile(join(folder, name))] as [string, string]),
  );
}
