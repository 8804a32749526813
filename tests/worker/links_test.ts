import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { TestWorker } from "./worker.ts";

/**
 * A folder `sl` with a symbolic link `link` to `real/deep`: for the kernel `sl/link/..` is `real`, and never `sl`. There is a program
 * `tool` in both, which prints where it is.
 */
async function makeLink(folder: string): Promise<string> {
  for (const place of ["real", "sl"]) {
    await Deno.mkdir(join(folder, place));
    await Deno.writeTextFile(join(folder, place, "tool"), `#!/bin/sh\necho ${place}\n`, { mode: 0o755 });
  }
  await Deno.mkdir(join(folder, "real/deep"));
  await Deno.symlink("../real/deep", join(folder, "sl/link"));
  return `${folder}/sl/link`;
}

Deno.test("A program: `..` behind a symbolic link → what the kernel finds there", async () => {
  await using test = await TestWorker.open();
  const link = await makeLink(test.folder);
  equal(await test.print([`${link}/../tool`]), "real\n");
  equal(await test.print(["../tool"], { cwd: link }), "real\n");
  equal(await test.print(["./../tool"], { cwd: link }), "real\n");
  equal(await test.print(["link/../tool"], { cwd: join(test.folder, "sl") }), "real\n");
});

Deno.test("PATH: `..` behind a symbolic link → what the kernel finds there", async () => {
  await using test = await TestWorker.open();
  const link = await makeLink(test.folder);
  equal(await test.print(["tool"], { env: { PATH: `${link}/..:/bin` } }), "real\n");
  equal(await test.print(["tool"], { cwd: link, env: { PATH: "/nowhere:..:/bin" } }), "real\n");
  equal(await test.print(["tool"], { cwd: join(test.folder, "sl"), env: { PATH: "link/..:/bin" } }), "real\n");
});

Deno.test("PATH: an empty entry, `.` and an end with a slash → as for execvp(3)", async () => {
  await using test = await TestWorker.open();
  await makeLink(test.folder);
  const cwd = join(test.folder, "real");
  await Deno.writeTextFile(join(cwd, "tool"), '#!/bin/sh\necho "$0"\n', { mode: 0o755 });
  for (const PATH of ["", ":/bin", "/nowhere::/bin", "/nowhere:", ".", "./", "./.:/bin"]) {
    equal(await test.print(["tool"], { cwd, env: { PATH } }), `${cwd}/tool\n`, PATH);
  }
  equal(await test.print(["tool"], { env: { PATH: `${cwd}/` } }), `${cwd}/tool\n`);
});

Deno.test("A working directory: `..` behind a symbolic link → what the kernel finds there", async () => {
  await using test = await TestWorker.open();
  const link = await makeLink(test.folder);
  const real = await Deno.realPath(join(test.folder, "real"));
  equal(await test.print(["pwd", "-P"], { cwd: `${link}/..` }), `${real}\n`);
  // In the shell's own words too, which believes a PWD that it inherits.
  equal(await test.shell("pwd -P; pwd", { cwd: `${link}/..` }), `${real}\n${real}\n`);
  equal(await test.print(["pwd", "-P"], { cwd: link }), `${real}/deep\n`);
});

Deno.test("A state folder: `..` behind a symbolic link → what the kernel finds there", async () => {
  await using test = await TestWorker.open();
  const link = await makeLink(test.folder);
  const names = (folder: string) => [...Deno.readDirSync(join(test.folder, folder))].map(({ name }) => name).sort();
  const before = names("sl");
  await using other = await TestWorker.open({ stateFolder: `${link}/../state` });
  equal(await other.print(["echo", "here"]), "here\n");
  deepEqual(names("sl"), before);
  deepEqual(names("real/state"), ["ended", "jobs", "lock", "output", "scripts"]);
});
