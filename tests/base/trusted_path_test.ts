import { join } from "node:path";
import { readTrustedFile } from "../../lib/base/trusted_file.ts";
import { findWeakDirectory } from "../../lib/base/trusted_path.ts";
import { equal, match, rejects } from "../support/assert.ts";
import { TemporaryFolder } from "../support/folder.ts";

const isRoot = Deno.uid() === 0;
const read = (path: string) => readTrustedFile(path, () => {});

/** A directory that everyone can write to, and a file of ours in it. */
async function makeShared(folder: TemporaryFolder, mode = 0o1777): Promise<{ directory: string; path: string }> {
  const directory = join(folder.path, "shared");
  const path = join(directory, "file");
  await Deno.mkdir(directory);
  await Deno.writeTextFile(path, "ours");
  await Deno.chmod(directory, mode);
  return { directory, path };
}

Deno.test("findWeakDirectory: opened file no longer there → weak if others write there", async () => {
  await using folder = await TemporaryFolder.create();
  const { directory, path } = await makeShared(folder);
  using file = await Deno.open(path);
  const opened = await file.stat();
  equal(findWeakDirectory(path, opened), undefined);
  const changes = [
    () => Deno.rename(path, `${path}.old`),
    () => Deno.writeTextFile(path, "another of ours"),
    () => Deno.rename(directory, `${directory}.old`),
  ];
  for (const change of changes) {
    await change();
    const weak = findWeakDirectory(path, opened);
    equal(weak?.directory, directory);
    equal(weak?.reason, `"${path}" has been replaced while it was read; try again`);
    // Without a file that was opened, what is missing is for its reader to miss.
    equal(findWeakDirectory(path), undefined);
  }
  await Deno.rename(`${directory}.old`, directory);
  await Deno.chmod(directory, 0o755);
  equal(findWeakDirectory(path, opened), undefined);
});

Deno.test("findWeakDirectory: `..` in the target of a link → the directory of the kernel", async () => {
  await using folder = await TemporaryFolder.create();
  const at = (name: string) => join(folder.path, name);
  for (const name of ["real/certs", "real/weak", "weak", "home"]) await Deno.mkdir(at(name), { recursive: true });
  for (const name of ["real/weak", "weak"]) await Deno.writeTextFile(at(`${name}/file`), name);
  await Deno.symlink("../real/certs", at("home/certs"));
  const targets = ["../weak/file", "./../weak//file", `${at("home/certs")}/../weak/file`];
  for (const [index, target] of targets.entries()) {
    const link = `${at("home/certs")}/link-${index}`;
    await Deno.symlink(target, link);
    equal(await read(link), "real/weak");
    await Deno.chmod(at("weak"), 0o777);
    equal(findWeakDirectory(link), undefined, target);
    await Deno.chmod(at("weak"), 0o755);
    await Deno.chmod(at("real/weak"), 0o777);
    equal(findWeakDirectory(link)?.directory, at("real/weak"), target);
    await Deno.chmod(at("real/weak"), 0o755);
  }
  await Deno.symlink("loop", at("loop"));
  match(findWeakDirectory(at("loop"))?.reason ?? "", /is behind too many symbolic links$/);
});

Deno.test({
  name: "readTrustedFile: another account's file, link or directory → refused if shared",
  ignore: !isRoot,
  async fn() {
    await using folder = await TemporaryFolder.create();
    const { directory, path } = await makeShared(folder);
    const link = join(directory, "link");
    await Deno.symlink("file", link);
    equal(await read(link), "ours");
    for (const [owned, lchown] of [[path, false], [link, true]] as const) {
      await chown("65534", owned, lchown);
      const message =
        `Cannot trust "${directory}": others can write there, and "${owned}" belongs to another account, of user id 65534`;
      await rejects(read(link), { name: "PermissionDenied", message });
      await chown("0", owned, lchown);
    }
    await Deno.chown(directory, 65534, null);
    const message = `Cannot trust "${directory}": others can write there; run: chmod o-w "${directory}"`;
    await rejects(read(path), { name: "PermissionDenied", message });
    // Where only the owner can write, it is trusted, such as an administrator's by the daemon of root.
    await Deno.chmod(directory, 0o755);
    equal(await read(path), "ours");
  },
});

Deno.test({
  name: "readTrustedFile: another account comes and goes with a file → never read",
  ignore: !isRoot,
  async fn() {
    await using folder = await TemporaryFolder.create();
    const { directory } = await makeShared(folder);
    await Deno.chmod(folder.path, 0o755);
    const path = join(directory, "crl");
    const script = 'while :; do printf theirs >"$1"; rm "$1"; ln -s other "$1"; rm "$1"; done';
    await Deno.writeTextFile(join(directory, "other"), "ours, but not meant");
    const attack = new Deno.Command("setpriv", {
      args: ["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", script, "sh", path],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const results = new Map<string, number>();
      const count = (result: string) => results.set(result, (results.get(result) ?? 0) + 1);
      const enough = () =>
        [/belongs to another account/, /does not exist/].every((kind) =>
          [...results].some(([result, times]) => kind.test(result) && times >= 50)
        );
      for (let tries = 0; tries < 50_000 && !enough(); tries++) {
        await read(path).then((text) => count(`read: ${text}`), (error) => count(String(error)));
      }
      equal(enough(), true, JSON.stringify([...results]));
      equal([...results.keys()].some((result) => result.startsWith("read: ")), false, JSON.stringify([...results]));
    } finally {
      attack.kill("SIGKILL");
      await attack.status;
    }
  },
});

async function chown(owner: string, path: string, isLink: boolean): Promise<void> {
  const args = [...isLink ? ["--no-dereference"] : [], owner, path];
  const { success } = await new Deno.Command("chown", { args }).output();
  equal(success, true);
}
