import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { closedPort } from "./closed_port.ts";
import { atHome } from "./home.ts";

Deno.test("a client goes where the flags say, else the environment", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  const { id: alices } = await alice.start({ command: "true", name: "job" });
  const { id: bobs } = await bob.start({ command: "true", name: "job" });
  const nowhere = closedPort();
  /** The id of the job that is called "job" there. */
  const found = async (env: Record<string, string>, ...flags: string[]) => {
    const variables = Object.fromEntries(
      ["HOST", "SOCKET", "CERTS", "IDENTITY"].map((name) => [`TELEWORKER_${name}`, ""]),
    );
    const options = { env: { ...variables, ...atHome(daemon.folder.path), ...env } };
    const { code, stdout, stderr } = await teleworker(daemon, [...flags, "--output", "json", "status", "job"], options);
    return code === 0 ? JSON.parse(stdout).id : stderr;
  };
  const all = { TELEWORKER_HOST: daemon.address, TELEWORKER_CERTS: daemon.certs, TELEWORKER_IDENTITY: "alice" };

  await t.step("all by the environment", async () => equal(await found(all), alices));

  await t.step("all by flags", async () => {
    equal(await found({}, "--host", daemon.address, "--certs", daemon.certs, "--identity", "bob"), bobs);
  });

  await t.step("each by its flag before its variable", async () => {
    equal(await found(all, "--identity", "bob"), bobs);
    equal(await found({ ...all, TELEWORKER_HOST: nowhere }, "--host", daemon.address), alices);
    equal(await found({ ...all, TELEWORKER_CERTS: "/nowhere" }, "--certs", daemon.certs), alices);
    match(await found(all, "--host", nowhere), /connection refused/);
    match(
      await found(all, "--certs", "/nowhere"),
      /there is no "ca\.pem" in "\/nowhere"; name their folder with --certs\n$/,
    );
  });

  await t.step("flags after the verb count as well", async () => {
    const args = ["status", "job", "--output", "json", "--host", daemon.address];
    const { stdout } = await teleworker({ address: nowhere, certs: daemon.certs }, args);
    equal(JSON.parse(stdout).id, alices);
  });

  await t.step("by certificates at home: ~/.config/teleworker/certs, then ~/.certs", async () => {
    const home = join(daemon.folder.path, "home");
    const here = { TELEWORKER_HOST: daemon.address, ...atHome(home) };
    match(
      await found(here),
      new RegExp(
        `there is no "ca\\.pem" in "${home}/\\.config/teleworker/certs", "${home}/\\.certs"; name their folder with --certs\n$`,
      ),
    );
    const put = async (folder: string, client: string) => {
      await Deno.mkdir(join(home, folder), { recursive: true });
      for (const name of ["ca.pem", `client-${client}.pem`, `client-${client}-key.pem`]) {
        await Deno.copyFile(join(daemon.certs, name), join(home, folder, name));
      }
    };
    await put(".certs", "alice");
    equal(await found(here), alices);
    await put(".config/teleworker/certs", "bob");
    equal(await found(here), bobs, "the only client there is needs no --identity");
  });

  await t.step(
    "over the Unix socket without certificates, by flag or environment; a --host goes before the variable",
    async () => {
      // On the socket, where the owner of the daemon may do everything, two jobs are called "job".
      match(await found({}, "--socket", daemon.socket), /Cannot tell which job "job" is/);
      match(await found({ TELEWORKER_SOCKET: daemon.socket }), /Cannot tell which job "job" is/);
      match(await found(all, "--socket", daemon.socket), /Cannot tell which job "job" is/);
      equal(await found({ ...all, TELEWORKER_SOCKET: daemon.socket }, "--host", daemon.address), alices);
      const { code, stdout } = await teleworker(daemon, ["--socket", daemon.socket, "run", "--", "echo", "hello"]);
      deepEqual({ code, stdout }, { code: 0, stdout: "hello\n" });
    },
  );

  await t.step("over the Unix socket whatever the environment says of proxies", async () => {
    for (const env of [{ NO_PROXY: "*" }, { NO_PROXY: "localhost" }, { ALL_PROXY: `http://${nowhere}` }]) {
      match(await found(env, "--socket", daemon.socket), /Cannot tell which job "job" is/);
    }
  });
});
