import { basename, dirname, join } from "node:path";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { SmallDisk } from "../faults/support/small_disk.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { mkfifo } from "../support/mkfifo.ts";
import { until } from "../support/until.ts";
import { build } from "./build.ts";

/** What the launcher, and the runtime, need of a host. */
const PROGRAMS = "chmod cut find gzip head id ln mkdir mktemp mv rm sh sha256sum stat sync tail".split(" ");
const NOBODY = 65534;
const isRoot = Deno.uid() === 0;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A built client, in a folder that everybody can look into, and a PATH without Deno, Node and npm. */
class Fixture implements AsyncDisposable {
  private constructor(readonly folder: TemporaryFolder, readonly teleworker: string, readonly bin: string) {}

  static async make(): Promise<Fixture> {
    const folder = await TemporaryFolder.create();
    try {
      await Deno.chmod(folder.path, 0o755);
      const bin = join(folder.path, "bin");
      await Deno.mkdir(bin);
      for (const name of PROGRAMS) {
        const place = ["/usr/bin", "/bin"].map((path) => join(path, name)).find((path) => exists(path));
        ok(place !== undefined, name);
        await Deno.symlink(place, join(bin, name));
      }
      return new Fixture(folder, (await build(folder.path, "--kind", "self-contained")).teleworker, bin);
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Somewhere for a cache. */
  path(name: string): string {
    return join(this.folder.path, name);
  }

  /** Starts a client in an environment with nothing but these variables. */
  spawn(env: Readonly<Record<string, string>>, { program = this.teleworker, prefix = [], args = ["--version"] }: {
    readonly program?: string;
    readonly prefix?: readonly string[];
    readonly args?: readonly string[];
  } = {}): Deno.ChildProcess {
    const [first = "", ...rest] = [...prefix, program, ...args];
    return new Deno.Command(first, {
      args: rest,
      clearEnv: true,
      env: { PATH: this.bin, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs one to its end. */
  async run(...how: Parameters<Fixture["spawn"]>): Promise<Ended> {
    const { code, stdout, stderr } = await this.spawn(...how).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Names in a cache, without the hashes. */
function namesIn(cache: string): string[] {
  return Array.from(Deno.readDirSync(join(cache, "teleworker")), ({ name }) => name.replace(/[0-9a-f]{64}/, "HASH"))
    .sort();
}

function runtimeIn(cache: string): string {
  const name = Array.from(Deno.readDirSync(join(cache, "teleworker")), ({ name }) => name)
    .find((name) => name.startsWith("runtime-"));
  return join(cache, "teleworker", name ?? "none");
}

/** Changes one byte of a file. */
async function damage(path: string, offset: number): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  const byte = new Uint8Array(1);
  await file.seek(offset, Deno.SeekMode.Start);
  await file.read(byte);
  await file.seek(offset, Deno.SeekMode.Start);
  await file.write(byte.map((value) => value ^ 0xff));
}

Deno.test("a self-contained program", async (t) => {
  await using fixture = await Fixture.make();
  const version = /^0\.\d+\.\d+ \(self-contained, commit [0-9a-f]{12}(-dirty)?, Deno [\d.]+\)\n$/;

  await t.step("runs in an empty environment, unpacks once, for its owner only, and not again", async () => {
    const cache = fixture.path("once");
    const first = await fixture.run({ XDG_CACHE_HOME: cache });
    deepEqual({ ...first, stdout: version.test(first.stdout) }, { code: 0, stdout: true, stderr: "" });
    deepEqual(namesIn(cache), ["deno", "runtime-HASH", "teleworker-HASH"]);
    equal(((await Deno.stat(join(cache, "teleworker"))).mode ?? 0) & 0o777, 0o700);
    const unpacked = await Deno.stat(runtimeIn(cache));
    equal((unpacked.mode ?? 0) & 0o777, 0o500);
    // What is meant for Deno alone does not reach it.
    const env = { XDG_CACHE_HOME: cache, DENO_V8_FLAGS: "--nonsense", DENO_COVERAGE_DIR: fixture.path("coverage") };
    deepEqual(await fixture.run(env), first);
    equal(exists(fixture.path("coverage")), false);
    const again = await Deno.stat(runtimeIn(cache));
    deepEqual([again.ino, again.mtime], [unpacked.ino, unpacked.mtime]);
  });

  await t.step("unpacks where the kernel finds `..` behind a symbolic link, and only once", async () => {
    for (const name of ["links", "real/deep"]) await Deno.mkdir(fixture.path(name), { recursive: true });
    await Deno.symlink("../real/deep", fixture.path("links/link"));
    const env = { XDG_CACHE_HOME: `${fixture.path("links/link")}/../cache` };
    equal((await fixture.run(env)).code, 0);
    const unpacked = await Deno.stat(runtimeIn(fixture.path("real/cache")));
    equal((await fixture.run(env)).code, 0);
    equal((await Deno.stat(runtimeIn(fixture.path("real/cache")))).ino, unpacked.ino);
    equal(exists(fixture.path("links/cache")), false);
  });

  await t.step("passes arguments, exit codes and the folder it is run in", async () => {
    const cache = fixture.path("once");
    const usage = await fixture.run({ XDG_CACHE_HOME: cache }, { args: ["status", "a b", "--nonsense", "$(id)"] });
    equal(usage.code, 2);
    match(usage.stderr, /--nonsense/);
  });

  await t.step("works where the system speaks another language", async () => {
    const german = fixture.path("german");
    await Deno.mkdir(german);
    const stat = `#!/bin/sh
PATH=/usr/bin:/bin
[ "\${LC_ALL:-}" != C ] || exec stat "$@"
stat "$@" | sed 's/regular file/reguläre Datei/; s/directory/Verzeichnis/'
`;
    await Deno.writeTextFile(join(german, "stat"), stat, { mode: 0o755 });
    const PATH = `${german}:${fixture.bin}`;
    const { code, stderr } = await fixture.run({ XDG_CACHE_HOME: fixture.path("once"), PATH });
    deepEqual([code, stderr], [0, ""]);
  });

  await t.step("HOME whose .npmrc cannot be read → not looked at; HOME is the user's", async () => {
    const npmrc: Readonly<Record<string, (path: string) => Promise<void>>> = {
      "a directory": (path) => Deno.mkdir(path),
      "not UTF-8": (path) => Deno.writeFile(path, new Uint8Array([0x61, 0x3d, 0xff, 0x0a])),
      "not npm's": (path) => Deno.writeTextFile(path, "//registry.npmjs.org/:_auth=%\ncertfile=/nonexistent\n"),
      "a FIFO": mkfifo,
    };
    const homes = await Promise.all(
      Object.entries(npmrc).map(async ([name, make]) => {
        const home = fixture.path(name);
        await Deno.mkdir(home);
        await make(join(home, ".npmrc"));
        return home;
      }),
    );
    const teleworkerd = join(dirname(fixture.teleworker), "teleworkerd");
    // A Deno that reads the FIFO waits for ever.
    const prefix = ["/usr/bin/timeout", "60"];
    for (const HOME of ["/dev/null", "", ...homes]) {
      const env = { XDG_CACHE_HOME: fixture.path("once"), HOME };
      for (const program of [fixture.teleworker, teleworkerd]) {
        const { code, stdout, stderr } = await fixture.run(env, { program, prefix });
        deepEqual(
          [code, version.test(stdout.replace(/^teleworkerd? /, "")), stderr],
          [0, true, ""],
          `${program} ${HOME}`,
        );
      }
      const listed = await fixture.run(env, { prefix, args: ["list"] });
      deepEqual([listed.code, listed.stdout], [1, ""]);
      if (HOME === "") {
        match(listed.stderr, /^teleworker: Cannot find the certificates: neither --certs nor HOME is set\n$/);
      } else ok(listed.stderr.includes(`"${HOME}/.config/teleworker/certs`), listed.stderr);
    }
  });

  await t.step("works when many start at once on an empty cache", async () => {
    const cache = fixture.path("many");
    const ended = await Promise.all(Array.from({ length: 5 }, () => fixture.run({ XDG_CACHE_HOME: cache })));
    for (const { code, stdout, stderr } of ended) {
      deepEqual([code, stderr], [0, ""]);
      match(stdout, version);
    }
    deepEqual(namesIn(cache), ["deno", "runtime-HASH", "teleworker-HASH"]);
  });

  await t.step(
    "unpacks anew what is not whole, as after a power cut, and goes on after a kill amid unpacking",
    async () => {
      const cache = fixture.path("cut");
      const first = fixture.spawn({ XDG_CACHE_HOME: cache });
      await until("it unpacks", () => exists(cache) && namesIn(cache).some((name) => name.startsWith("unpacking.")));
      first.kill("SIGKILL");
      await Promise.all([first.stdout.cancel(), first.stderr.cancel(), first.status]);
      equal((await fixture.run({ XDG_CACHE_HOME: cache })).code, 0);
      const runtime = runtimeIn(cache);
      await Deno.chmod(runtime, 0o700);
      await Deno.truncate(runtime, 0);
      await Deno.chmod(runtime, 0o500);
      const { code, stderr } = await fixture.run({ XDG_CACHE_HOME: cache });
      deepEqual([code, stderr], [0, ""]);
    },
  );

  await t.step("unpacks beside a runtime of an older version, and shares it if it is the same", async () => {
    const cache = fixture.path("old");
    const place = join(cache, "teleworker");
    await Deno.mkdir(place, { recursive: true });
    await Deno.chmod(place, 0o700);
    const same = runtimeIn(fixture.path("once"));
    await Deno.link(same, join(place, basename(same)));
    await Deno.writeTextFile(join(place, `runtime-${"0".repeat(64)}`), "older", { mode: 0o500 });
    const { code, stderr } = await fixture.run({ XDG_CACHE_HOME: cache });
    deepEqual([code, stderr], [0, ""]);
    const inodes = [same, join(place, basename(same))].map((path) => Deno.statSync(path).ino);
    equal(inodes[1], inodes[0]);
    deepEqual(namesIn(cache), ["deno", "runtime-HASH", "runtime-HASH", "teleworker-HASH"]);
  });

  await t.step("runs in a directory that was removed", async () => {
    const prefix = ["/bin/sh", "-c", 'mkdir "$1" && cd "$1" && rmdir "$1" && shift && exec "$@"', "sh"];
    const run = (...args: string[]) =>
      fixture.run({ XDG_CACHE_HOME: fixture.path("once"), PATH: "/usr/bin:/bin" }, {
        prefix: [...prefix, fixture.path("removed")],
        args,
      });
    const shown = await run("--version");
    deepEqual([shown.code, version.test(shown.stdout)], [0, true]);
    // What the shell that reads the launcher says of it by itself, as some do.
    const lines = (stderr: string) => stderr.split("\n").filter((line) => !/getcwd/.test(line)).join("\n");
    deepEqual(lines(shown.stderr), "");
    // Not even root makes anything where its relative path would lead.
    const certs = ["--certs", "certs"];
    for (const args of [["list", ...certs], ["certs", "init", ...certs], ["list", "--socket", "certs"]]) {
      const { code, stdout, stderr } = await run(...args);
      deepEqual([code, stdout], [1, ""]);
      equal(lines(stderr), 'teleworker: Cannot use "certs": the current directory was removed; run: cd DIR\n');
    }
    const missing = await run("run", "--certs", "/nonexistent", "--", "true");
    deepEqual([missing.code, missing.stdout], [125, ""]);
    match(lines(missing.stderr), /^teleworker: Cannot find certificates: [^\n]+\n$/);
  });

  await t.step("never runs what is damaged", async () => {
    const copy = fixture.path("damaged");
    await Deno.copyFile(fixture.teleworker, copy);
    await damage(copy, 20_000_000);
    const cache = fixture.path("of damaged");
    for (let attempt = 0; attempt < 2; attempt++) {
      const { code, stdout, stderr } = await fixture.run({ XDG_CACHE_HOME: cache }, { program: copy });
      deepEqual([code, stdout], [125, ""]);
      match(stderr, /^teleworker: Cannot unpack [^\n]*\n$/);
    }
    await Deno.truncate(copy, 30_000_000);
    match(
      (await fixture.run({ XDG_CACHE_HOME: cache }, { program: copy })).stderr,
      /^teleworker: Cannot unpack [^\n]*\n$/,
    );
    equal(namesIn(cache).some((name) => name.startsWith("runtime") || name.startsWith("unpacking")), false);
  });

  await t.step("uses no cache that others could have put something into", async () => {
    const refused = async (name: string, make: (path: string) => Promise<void>) => {
      const cache = fixture.path(name);
      await Deno.mkdir(cache);
      await make(join(cache, "teleworker"));
      const { code, stdout, stderr } = await fixture.run({ XDG_CACHE_HOME: cache });
      deepEqual([code, stdout], [125, ""], name);
      match(
        stderr,
        /^teleworker: Cannot use the cache "[^"]+": it is not a folder of mode 700 that belongs to user \d+\n$/,
      );
    };
    await refused("open", (path) => Deno.mkdir(path, { mode: 0o755 }));
    await refused("file", (path) => Deno.writeTextFile(path, ""));
    await refused("link", (path) => Deno.symlink(join(fixture.path("once"), "teleworker"), path));
    if (isRoot) {
      await refused("other", async (path) => {
        await Deno.mkdir(path, { mode: 0o700 });
        await Deno.chown(path, NOBODY, NOBODY);
      });
    }
    const relative = await fixture.run({ XDG_CACHE_HOME: "cache" });
    deepEqual([relative.code, relative.stdout], [125, ""]);
    match(relative.stderr, /not an absolute path/);
  });

  await t.step("leaves a cache alone that is another's than root's, as sudo may keep it", async () => {
    if (!isRoot) return;
    const [kept, own] = [fixture.path("kept"), fixture.path("root's")];
    await Deno.mkdir(kept);
    await Deno.chown(kept, NOBODY, NOBODY);
    const roots = join(kept, "root's");
    await Deno.mkdir(roots);
    for (const cache of [kept, roots, join(kept, "not there")]) {
      const { code, stderr } = await fixture.run({ XDG_CACHE_HOME: cache, CACHE_DIRECTORY: own });
      deepEqual([code, stderr], [0, ""]);
      const left = [...Deno.readDirSync(kept), ...Deno.readDirSync(roots)].map(({ name }) => name);
      deepEqual([left, exists(own)], [["root's"], true], cache);
    }
  });

  await t.step("uses HOME as an ordinary user, and says when there is none", async (t) => {
    if (!isRoot) return;
    const prefix = ["/usr/bin/setpriv", "--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"];
    const home = fixture.path("home");
    await Deno.mkdir(home);
    await Deno.chown(home, NOBODY, NOBODY);
    await t.step("its own", async () => {
      const { code, stderr } = await fixture.run({ HOME: home }, { prefix });
      deepEqual([code, stderr], [0, ""]);
      ok(exists(join(home, ".cache", "teleworker")));
    });
    await t.step("its own, from a folder that it cannot enter", async () => {
      const fresh = fixture.path("fresh home");
      await Deno.mkdir(fresh);
      await Deno.chown(fresh, NOBODY, NOBODY);
      const closed = fixture.path("closed");
      await Deno.mkdir(closed, { mode: 0o700 });
      const enter = ["/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", closed];
      const { code, stderr } = await fixture.run({ HOME: fresh }, { prefix: [...enter, ...prefix] });
      deepEqual([code, stderr], [0, ""]);
    });
    await t.step("one it cannot write to", async () => {
      const { code, stderr } = await fixture.run({ HOME: "/" }, { prefix });
      equal(code, 125);
      match(stderr, /^teleworker: Cannot unpack into "\/+\.cache\/teleworker": [^\n]+\n$/);
    });
  });

  await t.step("on a full disk says so, leaves nothing half, and works once there is space", async () => {
    if (!isRoot) return;
    await using disk = await SmallDisk.mount(160);
    await Deno.mkdir(disk.path, { recursive: true });
    await disk.fill();
    const full = await fixture.run({ XDG_CACHE_HOME: disk.path });
    deepEqual([full.code, full.stdout], [125, ""]);
    match(full.stderr, /^teleworker: Cannot unpack into [^]*No space left on device/);
    await disk.free();
    const { code, stderr } = await fixture.run({ XDG_CACHE_HOME: disk.path });
    deepEqual([code, stderr], [0, ""]);
    // What was unpacked serves on a disk that is full again.
    await disk.fill();
    deepEqual(await fixture.run({ XDG_CACHE_HOME: disk.path }).then(({ code, stderr }) => [code, stderr]), [0, ""]);
  });

  await t.step("says that nothing can be run in its cache", async () => {
    if (!isRoot) return;
    const cache = fixture.path("noexec");
    await Deno.mkdir(cache);
    const script = 'mount -t tmpfs -o noexec,size=160M tmpfs "$1" && shift && exec "$@"';
    const prefix = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, "sh", cache];
    const PATH = "/usr/bin:/bin:/usr/sbin:/sbin";
    const { code, stderr } = await fixture.run({ PATH, XDG_CACHE_HOME: cache }, { prefix });
    equal(code, 125);
    match(stderr, /^teleworker: Cannot run what is in "[^"]+": that file system is mounted with noexec\n$/);
  });

  await t.step("runs on a root file system that cannot be written to", async () => {
    if (!isRoot) return;
    const cache = fixture.path("writable");
    await Deno.mkdir(cache);
    await Deno.chmod(cache, 0o700);
    const script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro / && shift && exec "$@"';
    const prefix = ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, "sh", cache];
    const PATH = "/usr/bin:/bin:/usr/sbin:/sbin";
    const { code, stderr } = await fixture.run({ PATH, CACHE_DIRECTORY: cache }, { prefix });
    deepEqual([code, stderr], [0, ""]);
    const nowhere = await fixture.run({ PATH, CACHE_DIRECTORY: fixture.path("read-only") }, { prefix });
    deepEqual([nowhere.code, nowhere.stdout], [125, ""]);
    match(nowhere.stderr, /^teleworker: Cannot unpack into "[^"]+": [^\n]+Read-only file system\n$/);
  });
});
