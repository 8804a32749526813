import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { BINARIES } from "../support/programs.ts";
import { teleworkerd } from "../server/teleworkerd.ts";
import { HOST, Host, isRoot, PROGRAM } from "./host.ts";

const BELOW = [
  "600 /etc/teleworker/certs/server-key.pem",
  "644 /etc/systemd/system/teleworkerd.service",
  "644 /etc/teleworker/teleworkerd.json",
  "700 /etc/teleworker/certs",
  "755 /etc",
  "755 /etc/systemd",
  "755 /etc/systemd/system",
  "755 /etc/teleworker",
  "755 /usr",
  "755 /usr/local",
  "755 /usr/local/bin",
  "755 /usr/local/bin/teleworkerd",
];

Deno.test("install puts program, configuration, unit and folders below another root, whatever the umask", async (t) => {
  await using host = await Host.make();
  await Deno.mkdir(host.path("root"));
  const [key, config, unit, program] = [
    "etc/teleworker/certs/server-key.pem",
    "etc/teleworker/teleworkerd.json",
    "etc/systemd/system/teleworkerd.service",
    "usr/local/bin/teleworkerd",
  ].map((path) => host.path(join("root", path)));
  if (!key || !config || !unit || !program) throw new Error("unreachable");

  await t.step("--dry-run says so and does nothing", async () => {
    const { code, stdout } = await host.runBelow("root", "install", "--dry-run");
    equal(code, 0);
    for (
      const said of [
        /^Would write .*\/bin\/teleworkerd \(mode 0755\)$/m,
        /^ {4}Delegate=yes$/m,
        /^ {6}"listen":/m,
        /^ {4}teleworkerd request HOST --certs /m,
        /systemctl enable --now teleworkerd/,
      ]
    ) {
      match(stdout, said);
    }
    deepEqual(host.list("root"), []);
  });
  await t.step("install", async () => {
    const { code, stdout } = await host.runBelow("root", "install");
    equal(code, 0);
    match(stdout, /^Made .*\/certs \(mode 0700\)$/m);
    match(stdout, /systemctl enable --now teleworkerd/);
    await Deno.writeTextFile(key, "a key", { mode: 0o600 });
    deepEqual(host.list("root"), BELOW);
    deepEqual(await Deno.readFile(program), await Deno.readFile(PROGRAM));
  });
  await t.step("again", async () => {
    match((await host.runBelow("root", "install")).stdout, /^Nothing to change: all is as it should be\n/);
    deepEqual(host.list("root"), BELOW);
  });
  await t.step("an upgrade replaces program and unit, mends modes, and keeps the configuration", async () => {
    await Deno.writeTextFile(program, "of before");
    await Deno.writeTextFile(unit, "of before");
    await Deno.writeTextFile(config, "{}");
    await Deno.chmod(join(key, ".."), 0o755);
    const { stdout } = await host.runBelow("root", "install");
    match(stdout, /^Replaced .*\/bin\/teleworkerd /m);
    match(stdout, /^Changed the mode of .*\/certs /m);
    match(stdout, /^Replaced .*\/teleworkerd.service /m);
    match(stdout, /^Left as it is .*\/teleworkerd.json$/m);
    deepEqual(host.list("root"), BELOW);
    deepEqual(await Deno.readFile(program), await Deno.readFile(PROGRAM));
    equal(await Deno.readTextFile(config), "{}");
  });
  await t.step("uninstall leaves configuration and certificates", async () => {
    match((await host.runBelow("root", "uninstall", "--dry-run")).stdout, /^Would remove .*\/bin\/teleworkerd$/m);
    deepEqual(host.list("root"), BELOW);
    const { code, stdout } = await host.runBelow("root", "uninstall");
    equal(code, 0);
    match(stdout, /^Left here: .*\/etc\/teleworker\.$/m);
    deepEqual(host.list("root"), BELOW.filter((line) => !/\.service|\/bin\/teleworkerd/.test(line)));
    match((await host.runBelow("root", "uninstall")).stdout, /^Nothing to change/);
  });
});

Deno.test("install and uninstall touch nothing outside of --root, and nothing at all when something is in the way", async (t) => {
  await using host = await Host.make();
  const fails = async (verb: string, root: string, says: RegExp) => {
    const { code, stdout, stderr } = await host.runBelow(root, verb);
    deepEqual([code, stdout], [1, ""]);
    match(stderr, says);
  };
  for (const link of ["usr/local", "etc/teleworker/certs"]) {
    await t.step(`a link that leads out of it, for ${link}`, async () => {
      const [root, outside] = [join("linked", link.replaceAll("/", " ")), join("outside", link.replaceAll("/", " "))];
      await Deno.mkdir(host.path(join(outside, "bin")), { recursive: true });
      await Deno.writeTextFile(host.path(join(outside, "bin/teleworkerd")), "of another");
      await Deno.mkdir(join(host.path(join(root, link)), ".."), { recursive: true });
      await Deno.symlink(host.path(outside), host.path(join(root, link)));
      const before = [host.list(root), host.list(outside)];
      await fails(
        "install",
        root,
        /^teleworkerd: Cannot use ".*": a link in it leads out of ".*linked.*", to ".*outside/,
      );
      if (link === "usr/local") await fails("uninstall", root, /leads out of/);
      deepEqual([host.list(root), host.list(outside)], before);
    });
  }
  await t.step("a link that stays in it is followed", async () => {
    await Deno.mkdir(host.path("inside/var/local"), { recursive: true });
    await Deno.mkdir(host.path("inside/usr"));
    await Deno.symlink("../var/local", host.path("inside/usr/local"));
    equal((await host.runBelow("inside", "install")).code, 0);
    deepEqual(host.list("inside/var/local"), ["755 /bin", "755 /bin/teleworkerd"]);
  });
  await t.step("a file where the folder of certificates is to be", async () => {
    await Deno.mkdir(host.path("file/etc/teleworker"), { recursive: true });
    await Deno.writeTextFile(host.path("file/etc/teleworker/certs"), "", { mode: 0o644 });
    const before = host.list("file");
    await fails("install", "file", /^teleworkerd: Cannot use ".*\/certs": it is no folder\n$/);
    deepEqual(host.list("file"), before);
  });
  await t.step("no folder, as of a variable that is not set", async () => {
    for (const verb of ["install", "uninstall"]) {
      const { code, stdout, stderr } = await host.run(verb, "--dry-run", "--root", "");
      deepEqual([code, stdout, stderr], [
        1,
        "",
        'teleworkerd: Cannot use --root "": it must not be empty, such as "/mnt/image"\n',
      ]);
    }
  });
});

Deno.test({
  name: "install on a host without systemd leaves out the unit, and says what to do there",
  ignore: !isRoot,
  async fn() {
    await using host = await Host.make();
    const { code, stdout, stderr } = await host.run("install");
    equal(code, 0, stderr);
    match(stdout, /^No systemd runs here\./m);
    match(stdout, /setsid \/usr\/local\/bin\/teleworkerd --config \/etc\/teleworker\/teleworkerd\.json/);
    match(stdout, /^ {4}KillMode=process$/m);
    deepEqual(host.list("local"), ["755 /bin", "755 /bin/teleworkerd"]);
    deepEqual(host.list("etc/teleworker"), ["644 /teleworkerd.json", "700 /certs"]);
    deepEqual(await Deno.stat(host.path("etc/systemd/system/teleworkerd.service")).catch(() => null), null);
    equal((await host.run("uninstall")).code, 0);
    deepEqual(host.list("local"), ["755 /bin"]);
  },
});

Deno.test({ name: "an install that fails leaves what was there", ignore: !isRoot }, async (t) => {
  await using host = await Host.make();
  await host.runSystemd("echo 'Cannot reload: the bus is gone' >&2; exit 1");
  const fails = async (says: RegExp) => {
    const { code, stdout, stderr } = await host.run("install");
    deepEqual([code, stdout], [1, ""]);
    match(stderr, says);
  };
  await t.step("nothing, on a new host", async () => {
    await fails(/^teleworkerd: Cannot run "systemctl daemon-reload": Cannot reload: the bus is gone\n$/);
    deepEqual(host.list("local"), []);
    equal(await Deno.stat(host.path("etc/teleworker")).catch(() => null), null);
  });
  await t.step("program and modes of before, in an upgrade", async () => {
    await Deno.mkdir(host.path("etc/teleworker/certs"), { recursive: true, mode: 0o755 });
    await Deno.mkdir(host.path("local/bin"));
    await Deno.writeTextFile(host.path("local/bin/teleworkerd"), "of before", { mode: 0o755 });
    const before = [host.list("local"), host.list("etc/teleworker")];
    await fails(/daemon-reload/);
    deepEqual([host.list("local"), host.list("etc/teleworker")], before);
    equal(await Deno.readTextFile(host.path("local/bin/teleworkerd")), "of before");
  });
  await t.step("the same where there is no space", async () => {
    const before = host.list("etc/teleworker");
    const full = HOST.replace("shift", "mount -t tmpfs -o size=1M tmpfs /usr/local\n  shift")
      .replace('exec "$@"', '"$@" || find /usr/local -mindepth 1');
    const { stdout, stderr } = await new Deno.Command("unshare", {
      args: ["--mount", "--propagation", "private", "sh", "-c", full, "sh", host.folder.path, PROGRAM, "install"],
      env: { XDG_CACHE_HOME: host.path("cache") },
      stdin: "null",
    }).output();
    match(
      new TextDecoder().decode(stderr),
      /^teleworkerd: Cannot write "\/usr\/local\/bin\/teleworkerd": No space left on device\n$/,
    );
    equal(new TextDecoder().decode(stdout), "");
    deepEqual(host.list("etc/teleworker"), before);
  });
});

Deno.test({ name: "install and uninstall are refused without root", ignore: !isRoot }, async () => {
  await using host = await Host.make();
  await Deno.chmod(host.folder.path, 0o755);
  await Deno.mkdir(host.path("nobody"));
  await Deno.chown(host.path("nobody"), 65534, 65534);
  for (const verb of ["install", "uninstall"]) {
    const { code, stderr } = await new Deno.Command("setpriv", {
      args: ["--reuid=65534", "--regid=65534", "--clear-groups", PROGRAM, verb],
      env: { XDG_CACHE_HOME: host.path("nobody") },
      stdin: "null",
    }).output();
    equal(code, 1);
    match(new TextDecoder().decode(stderr), new RegExp(`^teleworkerd: Cannot ${verb}: run it as root`));
  }
});

Deno.test(
  { name: "a program that is run from its source cannot be installed", ignore: BINARIES !== null },
  async () => {
    const { code, stdout, stderr } = await teleworkerd(["install", "--dry-run"]);
    deepEqual([code, stdout], [1, ""]);
    match(stderr, /^teleworkerd: Cannot install a program that is run from its source/);
  },
);
