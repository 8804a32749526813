import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { THIRD_PARTY_LICENSES } from "../../lib/about/licenses.ts";
import { collectLicenses } from "../../release/licenses.ts";
import { contentsOf } from "../../release/packages.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("the binaries carry the licences of what is in deno.lock now", async () => {
  equal(THIRD_PARTY_LICENSES, (await collectLicenses()).trimEnd(), "out of date: run `deno task licenses`");
});

Deno.test("collectLicenses has a complete licence for each package of both programs, and for Deno", async () => {
  const contents = await Promise.all([contentsOf("client.ts"), contentsOf("server.ts")]);
  const ids = new Set(contents.flatMap(({ packages }) => packages.map(({ id }) => id)));
  const [, ...sections] = THIRD_PARTY_LICENSES.split(/^={80}\n/m);
  const named = sections.flatMap((section) => {
    const [names = "", text = ""] = section.split(/\n\n([^]*)/);
    match(text, /copyright/i, names);
    ok(text.length > 500, names);
    return names.split("\n").map((name) => name.split(" ")[0] ?? "");
  });
  deepEqual(named.toSorted(), ["Deno", ...ids].toSorted());
});

Deno.test("both programs show the licences", async () => {
  for (const module of ["client.ts", "server.ts"]) {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-env", module, "--licenses"],
      cwd: ROOT,
      stdin: "null",
    }).output();
    deepEqual([code, new TextDecoder().decode(stdout)], [0, `${THIRD_PARTY_LICENSES}\n`], module);
  }
});

Deno.test("Teleworker's own licence is complete, and the one that deno.json names", async () => {
  const text = await Deno.readTextFile(`${ROOT}LICENSE`);
  match(text, /Apache License\s+Version 2\.0, January 2004/);
  match(text, /1\. Definitions\.[^]+9\. Accepting Warranty[^]+END OF TERMS AND CONDITIONS/);
  match(await Deno.readTextFile(`${ROOT}deno.json`), /"license": "Apache-2\.0"/);
});
