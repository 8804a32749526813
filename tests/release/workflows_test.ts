import { join } from "node:path";
import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { TemporaryFolder } from "../support/folder.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const WORKFLOWS = join(ROOT, ".github/workflows");

/** All workflows, by the names of their files. */
const workflows = Object.fromEntries(
  [...Deno.readDirSync(WORKFLOWS)].map(({ name }) => [name, Deno.readTextFileSync(join(WORKFLOWS, name))]),
);

/** Runs actionlint on the workflows below a folder. */
async function lint(folder: string): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--config", join(ROOT, "tests/release/actionlint/deno.json")],
      ...["--allow-read", "--allow-env", "--allow-sys=cpus", "actionlint", ".github/workflows/*.yml"],
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("actionlint finds nothing wrong with any workflow", async () => {
  const { code, text } = await lint(ROOT);
  equal(code, 0, text);
  match(text, new RegExp(`Checking ${Object.keys(workflows).length} workflow`));
});

Deno.test("actionlint refuses a broken workflow", async () => {
  const broken: Readonly<Record<string, [from: string, to: string, why: RegExp]>> = {
    "a job that is not there": ["needs: gate", "needs: gates", /needs job "gates" which does not exist/],
    "a permission that is not there": ["attestations: write", "attest: write", /unknown permission scope "attest"/],
    "what others wrote, in a script": [
      "run: sha256sum",
      "run: echo '${{ github.event.head_commit.message }}' && sha256sum",
      /potentially untrusted/,
    ],
    "an expression that is none": ["${{ github.token }}", "${{ github.tokn }}", /property "tokn" is not defined/],
  };
  await Promise.all(
    Object.entries(broken).map(async ([name, [from, to, why]]) => {
      await using folder = await TemporaryFolder.create();
      const path = join(folder.path, ".github/workflows");
      await Deno.mkdir(path, { recursive: true });
      const text = workflows["release.yml"] ?? "";
      ok(text.includes(from), `"${from}" is gone from the workflow`);
      await Deno.writeTextFile(join(path, "release.yml"), text.replace(from, to));
      const result = await lint(folder.path);
      equal(result.code, 1, name);
      match(result.text, why, name);
    }),
  );
});

Deno.test("workflows use actions by their commits only", () => {
  for (const [name, text] of Object.entries(workflows)) {
    const used = [...text.matchAll(/\buses: (.*)/g)].map(([, action]) => action ?? "");
    for (const action of used) match(action, /^(\.\/\S+|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/, name);
    // One version of each.
    const commits = new Map(used.map((action) => [action.split("@")[0], action]));
    deepEqual(used.filter((action) => commits.get(action.split("@")[0]) !== action), [], name);
  }
});

Deno.test("workflows may only read, but for the one job that publishes", () => {
  for (const [name, text] of Object.entries(workflows)) match(text, /^permissions:\n {2}contents: read\n\S/m, name);
  const writes = Object.entries(workflows).flatMap(([name, text]) =>
    [...text.matchAll(/^ *(\S+): write$/gm)].map(([, scope]) => `${name} ${scope}`)
  );
  deepEqual(writes, ["release.yml contents", "release.yml id-token", "release.yml attestations"]);
  const [, publish = ""] = (workflows["release.yml"] ?? "").split(/^ {2}publish:$/m);
  equal([...publish.matchAll(/: write$/gm)].length, writes.length);
  ok(!/checkout|deno|npx/.test(publish), "the job that may write runs more than it needs");
});

Deno.test("no expression becomes part of a script", () => {
  for (const [name, text] of Object.entries(workflows)) {
    // A script is the rest of its line, or the lines below it that stand further in.
    const scripts = [...text.matchAll(/^( *)(?:- )?run: (.*(?:\n(?:\1 .*)?$)*)/gm)].map(([, , script]) => script ?? "");
    ok(scripts.length > 0, name);
    for (const script of scripts) ok(!script.includes("${{"), `${name}: ${script}`);
  }
});

Deno.test("a release is what the gate let pass and deno compile made", () => {
  const release = workflows["release.yml"] ?? "";
  match(release, /gate:\n {4}needs: describe\n {4}uses: \.\/\.github\/workflows\/ci\.yml\n/);
  match(release, /build:\n.*\n {4}needs: gate\n/);
  match(release, /publish:\n.*\n {4}needs: \[describe, build\]\n/);
  match(release, /task build --kind compiled --target "\$ARCH-unknown-linux-gnu"/);
  match(workflows["ci.yml"] ?? "", /bash \.ci\/run/);
});

Deno.test("one version of Deno builds, tests and is told of", async () => {
  const files = [".ci/run", "README.md", "CONTRIBUTING.md", "Dockerfile", ".github/workflows/release.yml"];
  const texts = await Promise.all(files.map((name) => Deno.readTextFile(join(ROOT, name))));
  const versions = texts.flatMap((text) => [...text.matchAll(/\bdeno@([\d.]+\d)/g)].map(([, version]) => version));
  deepEqual([...new Set(versions)].length, 1);
});
