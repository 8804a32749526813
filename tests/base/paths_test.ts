import { join, resolve } from "node:path";
import fc from "fast-check";
import { equal, throws } from "../support/assert.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { absolutePath, joinPath, withoutParents } from "../../lib/base/paths.ts";

Deno.test("absolutePath: a path with `..` → `..` stays", () => {
  equal(absolutePath("/a/link/../b"), "/a/link/../b");
  equal(absolutePath("link/..", "/a"), "/a/link/..");
  equal(absolutePath("../b/", "/a/"), "/a/../b");
});

Deno.test("absolutePath: a relative path → below the current folder, or the base", () => {
  equal(absolutePath("b"), `${Deno.cwd()}/b`);
  equal(absolutePath("b", "/"), "/b");
  equal(absolutePath("", "/a"), "/a");
  equal(absolutePath("/"), "/");
});

Deno.test("absolutePath: a path without `..` → what node:path gives", () => {
  const name = fc.stringMatching(/^[a. ]{0,3}$/).filter((text) => text !== "..");
  fc.assert(fc.property(fc.array(name), fc.boolean(), (names, absolute) => {
    const path = (absolute ? "/" : "") + names.join("/");
    equal(absolutePath(path, "/base"), resolve("/base", path));
  }));
});

Deno.test("joinPath: a folder, with or without a slash at its end → one slash", () => {
  equal(joinPath("a/../b", "c"), "a/../b/c");
  equal(joinPath("./a//", "c"), "./a/c");
  equal(joinPath("/", "c"), "/c");
});

Deno.test("withoutParents: `..` behind links of every kind → what the kernel finds", async () => {
  await using folder = await TemporaryFolder.create();
  const root = await Deno.realPath(folder.path);
  for (const path of ["a/b/c", "x/y"]) await Deno.mkdir(join(root, path), { recursive: true });
  await Deno.writeTextFile(join(root, "file"), "");
  const links = {
    relative: "../a/b/c",
    absolute: `${root}/a/b`,
    chain: "relative",
    parent: "relative/..",
    loop: "loop",
  };
  for (const [name, target] of Object.entries(links)) await Deno.symlink(target, join(root, "x", name));
  const paths = [
    "relative/..",
    "absolute/..",
    "chain/../..",
    "parent/..",
    "y/..",
    "relative/.././..",
    "y/../absolute/../../x",
  ];
  for (const path of paths) {
    const real = new Deno.Command("realpath", { args: [`${root}/x/${path}`] }).outputSync().stdout;
    equal(`${withoutParents(`${root}/x/${path}`)}\n`, new TextDecoder().decode(real), path);
  }
  equal(withoutParents(`${root}/x/relative/../new/file`), `${root}/a/b/new/file`);
  equal(withoutParents(`${root}/x/relative`), `${root}/x/relative`);
  equal(withoutParents(`${root}/x/y/../relative`), `${root}/x/relative`);
  equal(withoutParents("../../../../../../../../../../.."), "/");
  const refused = (path: string, why: string) =>
    throws(
      () => withoutParents(`${root}/${path}`),
      (error) => error instanceof Error && error.message === `Cannot use "${root}/${path}": ${why}`,
    );
  refused("none/..", `"${root}/none" does not exist`);
  refused("file/..", `"${root}/file" is not a directory`);
  refused("x/loop/..", "it has too many levels of symbolic links");
});
