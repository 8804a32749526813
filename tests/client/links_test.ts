import { join } from "node:path";
import { deepEqual, equal, ok } from "../support/assert.ts";
import { removeCgroups } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { type Ended, teleworker } from "../support/teleworker.ts";
import { teleworkerd } from "../server/teleworkerd.ts";

/** Makes a folder `sl` with a link to `deep` in `folder`, and gives another name for `folder`, which in its text alone is `sl`. */
async function linkTo(folder: string): Promise<string> {
  await Deno.mkdir(join(folder, "sl"));
  await Deno.mkdir(join(folder, "deep"));
  await Deno.symlink("../deep", join(folder, "sl/link"));
  return `${folder}/sl/link/..`;
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

function printed({ code, stdout, stderr }: Ended): string {
  equal(code, 0, stderr);
  return stdout;
}

Deno.test("run: `..` behind a symbolic link → what the kernel finds there", async () => {
  await using daemon = await Daemon.start();
  const folder = await linkTo(daemon.folder.path);
  for (const [place, text] of [["tool", "right"], ["sl/tool", "wrong"]] as const) {
    await Deno.writeTextFile(join(daemon.folder.path, place), `#!/bin/sh\necho ${text}\n`, { mode: 0o755 });
  }
  const link = `${daemon.folder.path}/sl/link`;
  const run = async (...args: string[]) => printed(await teleworker(daemon, ["run", ...args]));
  equal(await run("--cwd", link, "--", "../tool"), "right\n");
  equal(await run("--", `${folder}/tool`), "right\n");
  equal(await run("-e", `PATH=${folder}:/bin`, "--", "tool"), "right\n");
  equal(await run("--cwd", folder, "--", "pwd", "-P"), `${await Deno.realPath(daemon.folder.path)}\n`);
});

Deno.test("--certs, --socket: `..` behind a symbolic link → what the kernel finds there", async () => {
  await using daemon = await Daemon.start();
  const folder = await linkTo(daemon.folder.path);
  const { address } = daemon;
  equal(
    printed(await teleworker({ address, certs: `${folder}/certs` }, ["run", "--", "echo", "over TLS"])),
    "over TLS\n",
  );
  const local = await teleworker({ address: "", certs: "/nowhere" }, [
    "run",
    "--socket",
    `${folder}/socket`,
    "--",
    "echo",
    "here",
  ]);
  equal(printed(local), "here\n");
});

Deno.test("certs: `..` behind a symbolic link → made where the kernel says, and found again", async () => {
  await using folder = await TemporaryFolder.create();
  const certs = `${await linkTo(folder.path)}/certs`;
  const make = async (...args: string[]) => printed(await teleworker({ address: "", certs }, ["certs", ...args]));
  const real = join(folder.path, "certs");
  equal(await make("init"), `${real}/ca.pem\n${real}/ca-key.pem\n`);
  await make("server", "localhost");
  await make("client", "alice", "--role", "admin");
  ok((await make("list")).includes("alice"));
  ok((await make("show", "client-alice.pem")).includes("alice"));
  ok((await make("show", `${certs}/client-alice.pem`)).includes("alice"));
  const missing = await teleworker({ address: "", certs: `${folder.path}/none/../certs` }, ["certs", "list"]);
  deepEqual([missing.code, missing.stderr], [
    1,
    `teleworker: Cannot use "${folder.path}/none/../certs": "${folder.path}/none" does not exist\n`,
  ]);
  deepEqual(namesIn(join(folder.path, "sl")), ["link"]);
  ok(namesIn(join(folder.path, "certs")).includes("client-alice-key.pem"));
});

Deno.test("teleworkerd: `..` behind a symbolic link → what the kernel finds there", async () => {
  await using folder = await TemporaryFolder.create();
  const inside = await linkTo(folder.path);
  const certs = join(folder.path, "certs");
  for (const args of [["init"], ["server", "localhost"]]) {
    printed(await teleworker({ address: "", certs }, ["certs", ...args]));
  }
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  const flags = [
    ...["--certs", `${inside}/certs`, "--state-dir", `${inside}/state`, "--socket", `${inside}/socket`],
    ...["--audit-log", `${inside}/audit`, "--listen", "127.0.0.1:0", "--cgroup-root", cgroupRoot],
  ];
  try {
    const check = await teleworkerd(["check", ...flags]);
    equal(check.code, 0, check.stdout);
    ok(check.stdout.includes(`"${inside}/state" can be used`), check.stdout);
    const { code, stdout, stderr } = await teleworkerd(flags);
    deepEqual([code, stdout.startsWith("teleworkerd listening on https://")], [0, true], stderr);
  } finally {
    await removeCgroups(cgroupRoot);
  }
  deepEqual(namesIn(join(folder.path, "sl")), ["link"]);
  deepEqual(namesIn(folder.path), ["audit", "certs", "deep", "sl", "state"]);
});
