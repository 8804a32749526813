import { join } from "node:path";
import { deepEqual, equal, match, rejects } from "../support/assert.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { assertNothingLeft, exists, Hosts, makeKeys, makePrograms, whyNot } from "./hosts.ts";
import { readBlocks } from "./page.ts";

const PAGE = new URL("../../docs/quickstart.md", import.meta.url);
/** Of this machine, what the page's commands make on theirs. */
function written(): string[] {
  return ["/etc/teleworker", "/usr/local/bin/teleworker", "/usr/local/bin/teleworkerd", "/root/.config/teleworker"]
    .filter(exists);
}

const why = whyNot();
const skipped = why === undefined ? "" : ` (skipped: ${why})`;

Deno.test({
  name: `the quickstart's own commands take two hosts from nothing to a job${skipped}`,
  ignore: why !== undefined,
  async fn(t) {
    const before = written();
    await using folder = await TemporaryFolder.create();
    await makePrograms(folder.path);
    await makeKeys(folder.path);
    const hosts = await Hosts.begin(folder.path);
    try {
      for (const host of [hosts.laptop, hosts.server]) {
        await host.carryOut({ commands: "! command -v deno node npm npx\n", end: "by themselves", shown: /^/ });
      }
      for (const block of readBlocks(await Deno.readTextFile(PAGE))) {
        const { host, commands, shown } = block;
        const held = await t.step(`on the ${host}: ${commands.split("\n").slice(1).join("; ")}`, async () => {
          match(await hosts[host].carryOut(block), shown);
        });
        if (!held) return;
      }
      const secrets = {
        laptop: "~/.config/teleworker/certs/server-key.pem",
        server: "/etc/teleworker/certs/ca-key.pem",
      };
      for (const [name, secret] of [["laptop", secrets.laptop], ["server", secrets.server]] as const) {
        await hosts[name].carryOut({ commands: `! ls ${secret}\n`, end: "by themselves", shown: /^/ });
      }
      equal(await hosts.server.interrupt(), 0, "the daemon ends well by Ctrl-C");
    } finally {
      await hosts[Symbol.asyncDispose]();
    }
    await assertNothingLeft(hosts);
    deepEqual(written(), before);
  },
});

Deno.test({
  name: `the quickstart's hosts leave nothing behind when the test of its page fails${skipped}`,
  ignore: why !== undefined,
  async fn() {
    await using folder = await TemporaryFolder.create();
    await Deno.mkdir(join(folder.path, "programs"));
    await makeKeys(folder.path);
    const hosts = await Hosts.begin(folder.path);
    try {
      const commands = "nohup setsid sleep 1000 &\necho begun; sleep 1000\n";
      await hosts.server.carryOut({ commands, end: "never", shown: /^begun$/m });
      const session = "ssh root@build.example.org 'echo there; sleep 1000'\n";
      await hosts.laptop.carryOut({ commands: session, end: "never", shown: /^there$/m });
      await rejects(hosts.server.carryOut({ commands: "echo so; false\n", end: "by themselves", shown: /^/ }), /so\n/);
    } finally {
      await hosts[Symbol.asyncDispose]();
    }
    await assertNothingLeft(hosts);
  },
});
