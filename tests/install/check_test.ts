import { z } from "zod";
import { deepEqual, equal, match } from "../support/assert.ts";
import { makeCertificates } from "../support/certificates.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { Host, isRoot } from "./host.ts";

const CONFIG = "/etc/teleworker/teleworkerd.json";
const checkSchema = z.object({
  ready: z.boolean(),
  config: z.string().nullable(),
  works: z.boolean(),
  start: z.array(z.object({ name: z.string(), works: z.boolean(), message: z.string() })),
});

/** What a check says of a start: the exit code, and of each part whether it works and what was found. */
async function found(run: Promise<{ code: number; stdout: string }>): Promise<Record<string, unknown>> {
  const { code, stdout } = await run;
  const { ready, config, start } = checkSchema.parse(JSON.parse(stdout));
  equal(code, ready ? 0 : 1);
  return { config, ...Object.fromEntries(start.map(({ name, works, message }) => [name, [works, message]])) };
}

Deno.test({ name: "check: daemon is installed → reads its configuration", ignore: !isRoot }, async (t) => {
  await using host = await Host.make();
  await using stack = new AsyncDisposableStack();
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  stack.defer(() => removeCgroups(cgroupRoot));
  await host.runSystemd("exit 0");
  equal((await host.run("install")).code, 0);
  // As an administrator changes it.
  using occupied = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listen = `127.0.0.1:${occupied.addr.port}`;
  const file = host.path(CONFIG.slice(1));
  const config = z.record(z.string(), z.unknown()).parse(JSON.parse(await Deno.readTextFile(file)));
  await Deno.writeTextFile(file, JSON.stringify({ ...config, listen, cgroupRoot }));
  const installed = {
    config: CONFIG,
    certificates: [
      false,
      'Cannot read "/etc/teleworker/certs/ca.pem": it does not exist; make them with: ' +
      "teleworkerd request HOST --certs /etc/teleworker/certs",
    ],
    "state folder": [true, '"/var/lib/teleworker" is made by the unit at the start'],
    address: [true, `"${listen}" is in use, as by a daemon that runs`],
    socket: [true, '"/run/teleworker/socket" can be made; the unit makes its directory at the start'],
  };

  await t.step("without certificates", async () => {
    deepEqual(await found(host.run("check", "--output", "json")), installed);
    const { code, stdout } = await host.run("check");
    equal(code, 1);
    match(
      stdout,
      /^The daemon cannot start with this configuration; see what has a "no" below\.\nThis is by the options /,
    );
  });

  await t.step("with certificates", async () => {
    const certs = host.path("etc/teleworker/certs");
    await Deno.remove(certs);
    await makeCertificates(certs);
    await Deno.chmod(certs, 0o700);
    const certificates = [true, 'those in "/etc/teleworker/certs" can be used'];
    deepEqual(await found(host.run("check", "--output", "json")), { ...installed, certificates });
    const { code, stdout } = await host.run("check");
    equal(code, 0);
    match(stdout, /^Jobs can run on this host\.\n/);
    match(stdout, /^This is by the options in "\/etc\/teleworker\/teleworkerd\.json"\.$/m);
  });

  await t.step("as another account", async () => {
    const cache = host.path("nobody");
    await Deno.mkdir(cache);
    await Deno.chown(cache, 65534, 65534);
    await Deno.chmod(host.folder.path, 0o755);
    const prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", `XDG_CACHE_HOME=${cache}`];
    const { code, stdout } = await host.runAs(prefix, "check");
    equal(code, 1);
    match(stdout, /^The installed daemon runs as root; run this as root too, such as with sudo\.$/m);
    match(stdout, /^ {2}no {3}certificates: Cannot read "\/etc\/teleworker\/certs\/ca\.pem": permission denied$/m);
  });

  await t.step("but not where options are named", async () => {
    const flags = ["--state-dir", host.path("state"), "--cgroup-root", cgroupRoot];
    const { config, ...start } = await found(host.run("check", "--output", "json", ...flags));
    equal(config, null);
    deepEqual(start["state folder"], [true, `"${host.path("state")}" can be used`]);
  });
});
