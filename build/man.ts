/**
 * `deno task man [DIR]`: writes the manual pages of both programs to `dist/man/`, or there, out of what their command lines are
 * parsed by.
 * @module
 */
import { join, resolve } from "node:path";
import { EXIT } from "../lib/client/exit_code.ts";
import * as client from "../lib/client/program.ts";
import { VERSION } from "../lib/about/version.ts";
import * as server from "../lib/server/flags.ts";
import { sourceDate } from "./commit.ts";
import { type ManualPage, writeManual } from "./manual.ts";
import { ROOT } from "./stage.ts";

const PAGES: readonly Omit<ManualPage, "date" | "version">[] = [
  {
    name: "teleworker",
    section: 1,
    parserFor: client.parserFor,
    about: client.about,
    exitStatus: [
      ["0", "It was done."],
      [String(EXIT.failure), "It was not; stderr says why."],
      [String(EXIT.usage), "The command line makes no sense; nothing was done."],
      ["any", "Of run, wait and logs -f: that of the job, or 128 and the number of the signal that ended it."],
      [String(EXIT.teleworker), "Of run, wait and logs -f: Teleworker itself failed, or the job never ran."],
      [String(EXIT.interrupted), "Of run: interrupted while the job goes on, or before it began."],
      [String(EXIT.brokenPipe), "Nobody reads the output any more."],
    ],
    files: [[
      "~/.config/teleworker/certs",
      "The certificates, where neither a flag nor the environment says otherwise.",
    ]],
    seeAlso: "teleworkerd(8)",
  },
  {
    name: "teleworkerd",
    section: 8,
    parserFor: () => server.parser,
    about: server.about,
    exitStatus: [
      ["0", "It was asked to end by SIGTERM or SIGINT; jobs go on."],
      ["1", "It cannot start or go on; stderr says why."],
      ["2", "The command line makes no sense."],
      ["141", "Nobody reads the output any more."],
    ],
    files: [["/var/lib/teleworker", "Jobs and their output, where --state-dir does not say otherwise."]],
    seeAlso: "teleworker(1)",
  },
];

const folder = resolve(Deno.args[0] ?? join(ROOT, "dist/man"));
const date = (await sourceDate()).toISOString().slice(0, 10);
await Deno.mkdir(folder, { recursive: true });
for (const page of PAGES) {
  const path = join(folder, `${page.name}.${page.section}`);
  await Deno.writeTextFile(path, writeManual({ ...page, date, version: VERSION }));
  console.log(path);
}
