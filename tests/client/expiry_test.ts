import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { join } from "node:path";
import { makeCredential } from "../pki/make_certificate.ts";
import { makeListOf } from "../pki/make_list.ts";
import { replace } from "../server/credentials/reload.ts";
import { teleworkerd } from "../server/teleworkerd.ts";
import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { teleworker } from "../support/teleworker.ts";
import { Certs } from "./certs_command.ts";

const DAY = 24 * 60;

/** Makes an authority, a server and alice, each with so many days of life and left. */
async function makeExpiring(
  folder: string,
  left: Readonly<Record<"ca" | "server" | "client-alice", number>>,
  life = 45,
): Promise<void> {
  const write = async (name: keyof typeof left, pem: Awaited<ReturnType<typeof makeCredential>>) => {
    await replace(join(folder, `${name}.pem`), pem.certificatePem);
    await replace(join(folder, `${name}-key.pem`), pem.privateKeyPem);
  };
  const times = (name: keyof typeof left) => ({ from: (left[name] - life) * DAY, until: left[name] * DAY });
  const usage = (use: ExtendedKeyUsage) => new ExtendedKeyUsageExtension([use]);
  const extensions = [new BasicConstraintsExtension(true, 0, true)];
  const issuer = await makeCredential({ subject: [{ CN: ["CA"] }], extensions, ...times("ca") });
  const names = new SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }]);
  await write("ca", issuer);
  const server = [usage(ExtendedKeyUsage.serverAuth), names];
  await write("server", await makeCredential({ issuer, extensions: server, ...times("server") }));
  const client = [usage(ExtendedKeyUsage.clientAuth)];
  const subject = [{ CN: ["alice"] }];
  await write("client-alice", await makeCredential({ issuer, subject, extensions: client, ...times("client-alice") }));
}

Deno.test("expiry: 14 days left → client, daemon, check and certs list say so", async (t) => {
  await using daemon = await Daemon.start();
  const path = (name: string) => join(daemon.certs, name);
  const state = join(daemon.folder.path, "home", "state");
  const list = async (variables: Record<string, string> = { XDG_STATE_HOME: state }) => {
    const { code, stdout, stderr } = await teleworker(daemon, ["list", "--output", "json"], { env: variables });
    deepEqual([code, stdout], [0, ""]);
    return stderr.replaceAll(/20\S+Z/g, "DATE").split("\n").filter((line) => line !== "");
  };
  const restart = async (left: Parameters<typeof makeExpiring>[1], life?: number) => {
    await daemon.end();
    await makeExpiring(daemon.certs, left, life);
    await daemon.run();
  };
  const warning = (what: string, days: number, renewal: string) =>
    `${what} expires within ${days} days, at DATE: teleworker certs ${renewal}`;
  const SERVER = (days: number) => warning(`the server's certificate "${path("server.pem")}"`, days, "renew server");
  const AUTHORITY = (days: number) => warning(`the authority "CA" in "${path("ca.pem")}"`, days, "init --certs NEW");

  await t.step("not before, nor in the first two thirds of a short life", async () => {
    await restart({ "ca": 15, "server": 15, "client-alice": 15 });
    deepEqual(await list(), []);
    equal(daemon.log.includes("Replace in time"), false);
    await restart({ "ca": 1.2, "server": 1.2, "client-alice": 1.2 }, 3);
    deepEqual(await list(), []);
  });

  await t.step("the client, once a day for each", async () => {
    const from = daemon.log.length;
    await restart({ "ca": 13, "server": 12, "client-alice": 11 });
    const lines = [
      `teleworker: ${warning(`The certificate "${path("client-alice.pem")}"`, 11, "renew alice")}`,
      `teleworker: ${warning(`The authority "CA" in "${path("ca.pem")}"`, 13, "init --certs NEW")}`,
      `teleworker: ${warning('The certificate of the server "127.0.0.1"', 12, "renew server")}`,
    ];
    deepEqual(await list(), lines);
    deepEqual(await list(), []);
    const stamps = join(state, "teleworker", "warned");
    const names = [...Deno.readDirSync(stamps)].map(({ name }) => join(stamps, name));
    deepEqual([stamps, ...names].map((one) => (Deno.statSync(one).mode ?? 0) & 0o777), [0o700, 0o600, 0o600, 0o600]);
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    for (const name of names) await Deno.utime(name, yesterday, yesterday);
    deepEqual(await list(), lines);
    deepEqual(await list(), []);
    // In the home where the variable is not set; and each time where nothing can be written.
    const home = { XDG_STATE_HOME: "", HOME: join(daemon.folder.path, "home") };
    const cache = { DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno` };
    deepEqual(await list({ ...home, ...cache }), lines);
    equal([...Deno.readDirSync(join(home.HOME, ".local/state/teleworker/warned"))].length, 3);
    const nowhere = { XDG_STATE_HOME: path("ca.pem") };
    deepEqual([await list(nowhere), await list(nowhere)], [lines, lines]);
    await daemon.logged(/Replace in time/, from);
    const logged = daemon.log.slice(from).split("\n").filter((line) => line.includes("Replace in time"));
    const [first = "{}"] = logged;
    deepEqual(logged.length, 1);
    const { properties } = JSON.parse(first);
    equal(properties.expiring.replaceAll(/20\S+Z/g, "DATE"), `${SERVER(12)}; ${AUTHORITY(13)}`);
  });

  await t.step("the client's records: links, old ones and those of other accounts", async () => {
    const [linked, target] = [join(daemon.folder.path, "linked"), join(daemon.folder.path, "target")];
    const stamps = join(linked, "teleworker", "warned");
    equal((await list({ XDG_STATE_HOME: linked })).length, 3);
    const names = [...Deno.readDirSync(stamps)].map(({ name }) => join(stamps, name));
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    const old = [join(stamps, "0".repeat(32)), join(stamps, `${"1".repeat(32)}.${crypto.randomUUID()}`)];
    const kept = join(stamps, "notes");
    await Deno.writeTextFile(target, "not ours to change");
    for (const path of [...old, kept]) await Deno.writeTextFile(path, "");
    for (const path of [...old, kept]) await Deno.utime(path, yesterday, yesterday);
    for (const name of names) {
      await Deno.remove(name);
      await Deno.symlink(target, name);
      await command("touch", "--no-dereference", "--date=25 hours ago", name);
    }
    equal((await list({ XDG_STATE_HOME: linked })).length, 3);
    equal(await Deno.readTextFile(target), "not ours to change");
    deepEqual(names.map((name) => Deno.lstatSync(name).isFile), [true, true, true]);
    deepEqual([...Deno.readDirSync(stamps)].map(({ name }) => join(stamps, name)).sort(), [...names, kept].sort());
    if (Deno.uid() !== 0) return;
    const another = join(daemon.folder.path, "another");
    await Deno.mkdir(another);
    await Deno.chown(another, 65534, 65534);
    for (const state of [another, join(another, "deeper")]) {
      equal((await list({ XDG_STATE_HOME: state })).length, 3);
      deepEqual([...Deno.readDirSync(another)], []);
    }
    await Deno.chown(stamps, 65534, 65534);
    for (const name of names) await Deno.remove(name);
    equal((await list({ XDG_STATE_HOME: linked })).length, 3);
    deepEqual([...Deno.readDirSync(stamps)].map(({ name }) => name), ["notes"]);
  });

  await t.step("check, which works all the same", async () => {
    const { stdout } = await teleworkerd(["check", "--certs", daemon.certs, "--state-dir", daemon.state]);
    const said = /certificates: (.*)/.exec(stdout)?.[1]?.replaceAll(/20\S+Z/g, "DATE");
    equal(said, `those in "${daemon.certs}" can be used; ${SERVER(12)}; ${AUTHORITY(13)}`);
  });

  await t.step("certs list, of those in use", async () => {
    const certs = new Certs(daemon.certs);
    for (const name of ["bob", "eve", "root"]) {
      for (const file of [`client-${name}.pem`, `client-${name}-key.pem`]) await Deno.remove(path(file));
    }
    const table = await certs.prints("list");
    for (const [who, days] of [["CA", 13], ["127\\.0\\.0\\.1", 12], ["alice", 11]]) {
      match(table, new RegExp(`^${who} .* ${days}, renew it +\\S+\\.pem +-$`, "m"));
    }
    const listed = await certs.prints("list", "--output", "json");
    const soon = listed.trim().split("\n").map((line) => JSON.parse(line)).filter(({ file }) => file !== null);
    deepEqual(soon.map(({ expiresSoon, daysLeft }) => [expiresSoon, daysLeft]), [[true, 13], [true, 12], [true, 11]]);
    await certs.run("revoke", "alice");
    match(await certs.prints("list"), /^alice .* 11 +client-alice\.pem +20\S+Z$/m);
    await Deno.remove(path("crl.pem"));
  });

  await t.step("the daemon, of a list of revoked certificates that is due", async () => {
    await restart({ "ca": 30, "server": 25, "client-alice": 25 });
    const ca = {
      certificatePem: Deno.readTextFileSync(path("ca.pem")),
      privateKeyPem: Deno.readTextFileSync(path("ca-key.pem")),
    };
    await replace(path("crl.pem"), await makeListOf(ca, [], null, -48, 71));
    await daemon.logged(/Took in a change of .*revoked certificates/);
    equal(daemon.log.includes("the revocation list of"), false);
    await replace(path("crl.pem"), await makeListOf(ca, [], null, -47, 23));
    await daemon.logged(
      /Replace in time: .*the revocation list of .*CA.* expires within 1 day, at 20\S+Z, when a newer one is due/,
    );
  });
});

async function command(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  equal(success, true, new TextDecoder().decode(stderr));
}
