import { merge, object, or } from "@optique/core/constructs";
import { runParserSync } from "@optique/core/facade";
import { commandLine, type Message, message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import { constant, flag, option } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { oneOf } from "../base/one_of.ts";
import { describeBuild } from "../about/build.ts";
import { THIRD_PARTY_LICENSES } from "../about/licenses.ts";
import { stdout } from "../base/stdout.ts";
import { writeLineSync } from "../base/write_all.ts";
import { certsCommand } from "./commands/certs.ts";
import { completionCommand } from "./commands/completion.ts";
import { helpCommand } from "./commands/help.ts";
import { list, listCommand } from "./commands/list.ts";
import { logs, logsCommand } from "./commands/logs.ts";
import { remove, removeCommand } from "./commands/remove.ts";
import { run, runCommand } from "./commands/run.ts";
import { start, startCommand } from "./commands/start.ts";
import { stats, statsCommand } from "./commands/stats.ts";
import { status, statusCommand } from "./commands/status.ts";
import { stop, stopCommand } from "./commands/stop.ts";
import { wait, waitCommand } from "./commands/wait.ts";
import { certsFolder, openConnection } from "./connection.ts";
import { EXIT } from "./exit_code.ts";
import { UsageFailure } from "./failure.ts";
import { joinRepeated } from "../base/join_repeated.ts";
import { flagsOf, leadsToVerb } from "../base/command_tree.ts";
import { clean, openTerminal, print } from "./terminal.ts";
import { describeUsageError } from "../base/usage_error.ts";
import { known } from "./values.ts";

const output = (description: Message) =>
  withDefault(option("--output", oneOf(["table", "json"], "table|json"), { description }), "table" as const);

const connection = object("Connection (a flag goes before the variable, that before what follows it)", {
  host: optional(
    option("--host", string({ metavar: "HOST[:PORT]" }), {
      description: message`The server (TELEWORKER_HOST, else 127.0.0.1); its port is 8443 unless said.`,
    }),
  ),
  socket: optional(
    option("--socket", known("PATH", "<file>", "/run/teleworker/socket"), {
      description:
        message`A local server's Unix socket in place of the host (TELEWORKER_SOCKET, unless there is --host).`,
    }),
  ),
  certs: optional(option("--certs", known("DIR", "<directory>", "./certs"), {
    description:
      message`The folder of certificates (TELEWORKER_CERTS, else ~/.config/teleworker/certs, else ~/.certs: the first with a ca.pem).`,
  })),
  identity: optional(option("--identity", known("NAME", "<clients>", "alice"), {
    description: message`Whose certificate to use (TELEWORKER_IDENTITY, else the only one there).`,
  })),
  output: output(message`json prints the API's objects, one a line; not with run and logs.`),
});

/** What makes certificates connects to nothing. */
const folder = object("Certificates", {
  certs: optional(option("--certs", known("DIR", "<directory>", "./certs"), {
    description:
      message`The folder of certificates (TELEWORKER_CERTS, else ~/.config/teleworker/certs); a flag goes before the variable.`,
  })),
  output: output(message`json prints what list and show tell as objects, one a line.`),
});

const licensesFlag = object({
  verb: constant("licenses"),
  licenses: flag("--licenses", { description: message`Show the licences of what Teleworker carries.` }),
});

const verbs = or(
  startCommand,
  runCommand,
  statusCommand,
  listCommand,
  logsCommand,
  stopCommand,
  removeCommand,
  waitCommand,
  statsCommand,
  certsCommand,
  helpCommand,
  completionCommand,
  licensesFlag,
  { errors: { noMatch: message`A verb is missing; ${commandLine("teleworker --help")} shows all.` } },
);

const parser = merge(verbs, connection);
const certsParser = merge(verbs, folder);

/** What parses a command line; all of them have the same verbs. */
export function parserFor(args: readonly string[]) {
  return isCerts(args) ? certsParser : parser;
}

/** Whether the verb is `certs`. Before a verb there are only flags with a value. */
function isCerts(args: readonly string[]): boolean {
  let index = 0;
  for (let word = args[0]; word?.startsWith("--"); word = args[index]) index += word.includes("=") ? 1 : 2;
  return args[index] === "certs";
}

/** What `--help` and the manual say of all of it. */
export const about = {
  brief: message`Runs programs on another host, and watches and stops them there.`,
  examples: message`teleworker run --memory 256M -- sh -c 'echo hello; hostname'`,
};

/** What other programs call our verbs, and what users look for. */
export const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map([
  ["attach", ["logs -f"]],
  ["cancel", ["stop"]],
  ["create", ["start"]],
  ["delete", ["remove"]],
  ["describe", ["status"]],
  ["exec", ["run"]],
  ["follow", ["logs -f"]],
  ["get", ["list"]],
  ["info", ["status", "certs show"]],
  ["inspect", ["status"]],
  ["jobs", ["list"]],
  ["kill", ["stop --kill"]],
  ["log", ["logs"]],
  ["submit", ["start"]],
  ["tail", ["logs -f"]],
  ["terminate", ["stop"]],
  ["top", ["stats"]],
  ["version", ["--version"]],
  ["certs create", ["certs client", "certs server"]],
  ["certs delete", ["certs revoke"]],
  ["certs info", ["certs show"]],
  ["certs remove", ["certs revoke"]],
  ["certs rm", ["certs revoke"]],
]);

type Command = Exclude<ReturnType<typeof parseOnce>, { verb: "help" }>;

/** The command line; ends the process for `--help`, `help`, `--version` and wrong usage (2). */
export function parse(args: readonly string[]): Command {
  const parsed = parseOnce(args);
  return parsed.verb === "help" ? parse(helpOn(parsed.words)) : parsed;
}

/** Words that no verb has are parsed alone, for their mistake is all there is to tell. */
function helpOn(words: readonly string[]): readonly string[] {
  return leadsToVerb(verbs.usage, words) ? [...words, "--help"] : words;
}

function parseOnce(args: readonly string[]) {
  const exit = (code: number): never => Deno.exit(code);
  // Not by @optique/run, which takes as long to load as all the rest of Optique.
  return runParserSync(parserFor(args), "teleworker", joinRepeated(parser.usage, args), {
    ...about,
    usageLine: [{ type: "sequence", terms: [{ type: "argument", metavar: "VERB" }, { type: "ellipsis" }] }],
    commandList: "top-level",
    help: { option: { names: ["--help", "-h"] }, onShow: exit },
    version: { value: describeBuild(), option: true, onShow: exit },
    aboveError: "none",
    // Its own words for an error are not printed, but ours.
    stderr: () => {},
    stdout: (text) => writeLineSync(stdout, text),
    onError: (_code, error) => {
      const general = flagsOf((isCerts(args) ? folder : connection).usage);
      const lines = [
        ...describeUsageError(error, { usage: parser.usage, general, synonyms: SYNONYMS }, args),
        ...hint(args),
      ];
      writeLineSync(Deno.stderr, `teleworker: ${lines.map(clean).join("\n")}`);
      return exit(EXIT.usage);
    },
    termWidth: "auto",
    ...looks(),
  });
}

const MIN_HELP_COLUMNS = 40;
const DEFAULT_COLUMNS = 80;

/** Help as wide as the terminal, and in colour where a person sees it. */
function looks(): { colors: boolean; maxWidth?: number } {
  if (!Deno.stdout.isTerminal()) return { colors: false };
  const { columns } = Deno.consoleSize();
  // Zero where the terminal does not say. Less than what terms take is an error to the parser.
  return { colors: openTerminal("table").colour, maxWidth: Math.max(MIN_HELP_COLUMNS, columns || DEFAULT_COLUMNS) };
}

/** Without -- a program's own flags are taken for ours: what everyone forgets once. */
function hint(args: readonly string[]): string[] {
  const starts = args.includes("start") || args.includes("run");
  return starts && !args.includes("--") ? ["", "The program and its arguments come last, after --."] : [];
}

/** Carries a command out; its exit code. */
export async function execute(command: Command): Promise<number> {
  switch (command.verb) {
    case "licenses":
      await print(THIRD_PARTY_LICENSES);
      return 0;
    case "completion": {
      const { completion } = await import("./completion.ts");
      return await completion(command, parserFor);
    }
    case "certs init":
    case "certs server":
    case "certs client":
    case "certs request server":
    case "certs request client":
    case "certs list":
    case "certs show":
    case "certs renew":
    case "certs revoke": {
      // Only here: what makes certificates takes longer to load than all the rest.
      const { certs } = await import("./certs.ts");
      return await certs(
        command,
        certsFolder(command.certs),
        openTerminal(command.output),
      );
    }
  }
  if (command.output === "json" && (command.verb === "run" || command.verb === "logs")) {
    throw new UsageFailure(`Cannot use --output "json" with ${command.verb}: it shows what the job writes, as it is`);
  }
  // Only here too: it brings what certificates are read with.
  const { Api } = await import("./api.ts");
  using api = new Api(await openConnection(command));
  const session = { api, terminal: openTerminal(command.output) };
  switch (command.verb) {
    case "start":
      return await start(command, session);
    case "run":
      return await run(command, session);
    case "status":
      return await status(command, session);
    case "list":
      return await list(command, session);
    case "logs":
      return await logs(command, session);
    case "stop":
      return await stop(command, session);
    case "remove":
      return await remove(command, session);
    case "wait":
      return await wait(command, session);
    case "stats":
      return await stats(command, session);
  }
}
