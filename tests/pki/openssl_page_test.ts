import { join } from "node:path";
import { equal } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";

const PAGE = new URL("../../docs/security.md", import.meta.url);

/** The commands for OpenSSL as they stand on the page, with the choice of a key that is meant. */
async function commands(key: string): Promise<string> {
  const page = await Deno.readTextFile(PAGE);
  const [, block = ""] = /### With OpenSSL\n[^]*?```sh\n([^]*?)```/.exec(page) ?? [];
  const line = new RegExp(`^(?:# )?key="-algorithm ${key}\\b.*"$`, "m").exec(block)?.[0];
  if (line === undefined) throw new Error(`The page has no commands for ${key}`);
  return block.replace(/^key=.*$/m, line.replace("# ", ""));
}

Deno.test("certificates made with the page's OpenSSL commands work as our own", async (t) => {
  await using daemon = await Daemon.start();
  for (const key of ["EC", "RSA", "ED25519"]) {
    await t.step(key, async () => {
      await daemon.end();
      await Deno.remove(daemon.certs, { recursive: true });
      await Deno.mkdir(daemon.certs);
      const shell = new Deno.Command("sh", { args: ["-euc", await commands(key)], cwd: daemon.certs, stdin: "null" });
      const { success, stderr } = await shell.output();
      equal(success, true, new TextDecoder().decode(stderr));
      await daemon.run();

      using alice = await Https.as(daemon, "alice");
      const { id, owner } = await alice.start({ command: "true" });
      equal(owner, "alice");
      using eve = await Https.as(daemon, "eve");
      equal(await eve.status(`/v1/jobs/${id}`), 200);
      const refused = await eve.send("POST", "/v1/jobs", { command: "true" });
      equal(refused.status, 403);
      await refused.body?.cancel();
      using root = await Https.as(daemon, "root");
      const removed = await root.send("POST", `/v1/jobs/${id}/stop`, {});
      equal(removed.status, 200);
      await removed.body?.cancel();

      const { code, stdout, stderr: said } = await teleworker(daemon, ["run", "--", "echo", "hello"]);
      equal(said, "");
      equal(`${code} ${stdout}`, "0 hello\n");
      // What ours signs with that authority, and revokes, holds as well.
      equal((await teleworker(daemon, ["certs", "client", "bob"])).code, 0);
      using bob = await Https.as(daemon, "bob");
      equal((await bob.start({ command: "true" })).owner, "bob");
      equal((await teleworker(daemon, ["certs", "revoke", "eve"])).stdout, `${join(daemon.certs, "crl.pem")}\n`);
    });
  }
});
