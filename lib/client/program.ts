import { merge, object, or } from "@optique/core/constructs";
import { runParserSync } from "@optique/core/facade";
import { commandLine, message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import { constant, flag, option } from "@optique/core/primitives";
import { choice, string } from "@optique/core/valueparser";
import { THIRD_PARTY_LICENSES, VERSION } from "../contract/mod.ts";
import { Api } from "./api.ts";
import { certsCommand } from "./commands/certs.ts";
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
import { openTerminal, print } from "./terminal.ts";

const connection = object("Connection", {
  host: optional(
    option("--host", string({ metavar: "HOST:PORT" }), {
      description: message`The server (TELEWORKER_HOST, else 127.0.0.1:8443).`,
    }),
  ),
  socket: optional(
    option("--socket", string({ metavar: "PATH" }), {
      description: message`A local server's Unix socket (TELEWORKER_SOCKET).`,
    }),
  ),
  certs: optional(option("--certs", string({ metavar: "DIR" }), {
    description: message`The folder of certificates (TELEWORKER_CERTS, else ~/.config/teleworker/certs).`,
  })),
  identity: optional(option("--identity", string({ metavar: "NAME" }), {
    description: message`Whose certificate to use, if there are several (TELEWORKER_IDENTITY).`,
  })),
  output: withDefault(
    option("--output", choice(["table", "json"], { metavar: "table|json" }), {
      description: message`json prints the API's objects, one a line.`,
    }),
    "table" as const,
  ),
});

const licensesFlag = object({
  verb: constant("licenses"),
  licenses: flag("--licenses", { description: message`Show the licences of what Teleworker carries.` }),
});

const parser = merge(
  or(
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
    licensesFlag,
    { errors: { noMatch: message`A verb is missing; ${commandLine("teleworker --help")} shows all.` } },
  ),
  connection,
);

type Command = ReturnType<typeof parse>;

/** The command line; ends the process for `--help`, `--version`, `completion` and wrong usage (2). */
export function parse(args: readonly string[]) {
  const exit = (code: number): never => Deno.exit(code);
  // Not by @optique/run, which takes as long to load as all the rest of Optique.
  return runParserSync(parser, "teleworker", args, {
    brief: message`Runs programs on another host, and watches and stops them there.`,
    examples: message`teleworker run --memory 256M -- sh -c 'echo hello; hostname'`,
    usageLine: [{ type: "ellipsis" }],
    commandList: "top-level",
    help: { command: true, option: { names: ["--help", "-h"] }, onShow: exit },
    version: { value: VERSION, option: true, onShow: exit },
    completion: { command: true, onShow: exit },
    aboveError: "none",
    onError: () => exit(EXIT.usage),
    stderr: (text) => console.error(text + hint(args)),
    termWidth: "auto",
    ...looks(),
  });
}

/** Help as wide as the terminal, and in colour where a person sees it. */
function looks(): { colors: boolean; maxWidth?: number } {
  const { colour } = openTerminal("table");
  return Deno.stdout.isTerminal() ? { colors: colour, maxWidth: Deno.consoleSize().columns } : { colors: false };
}

/** Without -- a program's own flags are taken for ours: what everyone forgets once. */
function hint(args: readonly string[]): string {
  const starts = args.includes("start") || args.includes("run");
  return starts && !args.includes("--") ? "\n\nThe program and its arguments come last, after --." : "";
}

/** Carries a command out; its exit code. */
export async function execute(command: Command): Promise<number> {
  switch (command.verb) {
    case "licenses":
      await print(THIRD_PARTY_LICENSES);
      return 0;
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
      return await certs(command, certsFolder(command.certs), openTerminal(command.output));
    }
  }
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
