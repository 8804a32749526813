import { equal, ok } from "../../support/assert.ts";
import { VERSION } from "../../../lib/about/version.ts";
import { versionSchema } from "../../../lib/contract/mod.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";

Deno.test("version tells the versions and what the host can limit with", async () => {
  await using daemon = await Daemon.start();
  using eve = await Https.as(daemon, "eve");
  const { version, deno, cgroup } = versionSchema.parse(await (await eve.send("GET", "/v1/version")).json());
  equal(version, VERSION);
  equal(deno, Deno.version.deno);
  ok(["v2", "v1", "hybrid", "none"].includes(cgroup.mode));
  equal(cgroup.controllers.length === 0, cgroup.reason !== null);
});
