import { match } from "../support/assert.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { assertNothingLeft, Hosts, makeKeys, makePrograms, whyNot } from "./hosts.ts";

const README = new URL("../../README.md", import.meta.url);

/** The commands of the tour, and among them what goes on until Ctrl-C. */
function readTour(readme: string): string[] {
  const tour = /^## A tour\n([^]*?)^## /m.exec(readme)?.[1] ?? "";
  const commands = [...tour.matchAll(/^```sh\n([^]*?)^```\n/gm)].map(([, commands = ""]) => commands).join("");
  return commands.split(/^(.* logs -f .*\n)/m);
}

const why = whyNot();

Deno.test({
  name: `the tour of the README goes as it says, line by line${why === undefined ? "" : ` (skipped: ${why})`}`,
  ignore: why !== undefined,
  async fn() {
    await using folder = await TemporaryFolder.create();
    await makePrograms(folder.path);
    await makeKeys(folder.path);
    const hosts = await Hosts.begin(folder.path);
    try {
      const type = (host: "laptop" | "server", commands: string) =>
        hosts[host].carryOut({ commands, end: "by themselves", shown: /^/ });
      await type("laptop", "scp teleworker teleworkerd root@build.example.org:\n");
      // One of its lines fails, which is what it shows.
      await type("server", "mkdir dist\nmv teleworker teleworkerd dist/\nset +e\n");
      const [before = "", follow = "", after = ""] = readTour(await Deno.readTextFile(README));
      match(
        await type("server", before),
        /^teleworkerd listening on [^]*^hello from build\nit exited with 3$[^]*^state +running$[^]*^limits +cpus 0.5, memory 64M$/m,
      );
      await hosts.server.carryOut({ commands: follow, end: "by Ctrl-C", shown: /^1\n2\n3$/m });
      match(
        await type("server", after),
        /stopped SIGTERM\n[^]*^state +failed$[^]*no such program[^]*^ID +NAME [^]*counter +\S+ +stopped SIGTERM[^]*exited 3/m,
      );
      await type("server", '[ -z "$(jobs -r)" ] && [ ! -e "$tour" ] || exit 9\n');
    } finally {
      await hosts[Symbol.asyncDispose]();
    }
    await assertNothingLeft(hosts);
  },
});
