import { merge, object, or } from "@optique/core/constructs";
import { runParserSync } from "@optique/core/facade";
import { message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import { command, constant, flag, option } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import type { NonEmptyString } from "@optique/core/nonempty";
import { describeBuild } from "../about/build.ts";
import { THIRD_PARTY_LICENSES } from "../about/licenses.ts";
import { escapeTerminal } from "../base/escape_terminal.ts";
import { joinRepeated } from "../base/join_repeated.ts";
import { flagsOf } from "../base/command_tree.ts";
import { oneOf } from "../base/one_of.ts";
import { stdout } from "../base/stdout.ts";
import { describeUsageError } from "../base/usage_error.ts";
import { findNotUtf8Argument } from "../base/utf8.ts";
import { writeLineSync } from "../base/write_all.ts";
import type { RawOptions } from "./options.ts";
import { type RequestCommand, requestCommand } from "./request.ts";

const text = (name: `--${string}`, metavar: NonEmptyString, description: ReturnType<typeof message>) =>
  optional(option(name, string({ metavar }), { description }));

const options = object({
  listen: text("--listen", "HOST:PORT", message`Where to listen for mutual TLS (127.0.0.1:8443).`),
  socket: text("--socket", "PATH", message`A Unix socket for the owner of the daemon, without certificates.`),
  certs: text("--certs", "DIR", message`Folder with ca.pem, server.pem and server-key.pem.`),
  ca: text("--ca", "FILE", message`Certificates of the authorities that clients are trusted by.`),
  cert: text("--cert", "FILE", message`The server's certificate.`),
  key: text("--key", "FILE", message`The server's private key.`),
  crl: text("--crl", "FILE", message`Lists of revoked certificates (crl.pem in --certs, where it is there).`),
  auditLog: text("--audit-log", "FILE", message`Where each decision is recorded, a JSON line each (stderr).`),
  auditArgs: text("--audit-args", "HOW", message`Jobs' arguments in the audit log: off, hash or full (off).`),
  stateDir: text("--state-dir", "DIR", message`Where jobs and their output are kept (/var/lib/teleworker).`),
  cgroupRoot: text("--cgroup-root", "NAME", message`The cgroup below which jobs get theirs (teleworker).`),
  logLevel: text("--log-level", "LEVEL", message`debug, info, warning or error (info).`),
  maxJobs: text("--max-jobs", "N", message`Jobs that may run at once (1000).`),
  maxJobsPerOwner: text(
    "--max-jobs-per-owner",
    "N",
    message`Jobs of one owner that may run at once (as many as of all).`,
  ),
  maxFollowers: text("--max-followers", "N", message`Requests that may follow jobs at once (2000).`),
  defaultLimits: text(
    "--default-limits",
    "JSON",
    message`Limits of jobs whose users ask for none, such as {"memoryBytes": 1073741824}.`,
  ),
  maxLimits: text("--max-limits", "JSON", message`Limits that no job may have more of.`),
  outputMax: text("--output-max", "SIZE", message`Bytes kept of each stream of a job, the newest (1G).`),
  keepFor: text("--keep-for", "TIME", message`How long ended jobs are kept (7d).`),
  keepJobs: text("--keep-jobs", "N", message`How many ended jobs are kept (1000).`),
  keepBytes: text("--keep-bytes", "SIZE", message`How much output of ended jobs is kept (20G).`),
  config: text("--config", "FILE", message`A JSON file with any of these options, such as {"stateDir": "/srv/jobs"}.`),
});

const checkCommand = command(
  "check",
  object({
    verb: constant("check"),
    output: withDefault(
      option("--output", oneOf(["text", "json"], "text|json"), {
        description: message`text for a person, json for a program.`,
      }),
      "text" as const,
    ),
  }),
  {
    brief: message`Say what works on this host and with these options, what does not, and what to do about it.`,
    footer: message`Example: teleworkerd check --output json`,
  },
);

const licensesFlag = object({
  verb: constant("licenses"),
  licenses: flag("--licenses", { description: message`Show the licences of what Teleworker carries.` }),
});

const installOptions = {
  dryRun: option("--dry-run", { description: message`Say what would be done, and do nothing.` }),
  root: text("--root", "DIR", message`Install for a host whose files are below this folder, such as an image.`),
};

const installCommand = command("install", object({ verb: constant("install"), ...installOptions }), {
  brief: message`Install this program on this host, with a configuration and a unit of systemd.`,
  footer: message`Example: teleworkerd install --dry-run`,
});

const uninstallCommand = command("uninstall", object({ verb: constant("uninstall"), ...installOptions }), {
  brief: message`Remove what install put there; configuration, certificates and jobs stay.`,
  footer: message`Example: teleworkerd uninstall --dry-run`,
});

const runParser = merge(or(checkCommand, licensesFlag, object({ verb: constant("serve") })), options);

/** The command line. The last is for no words at all, which the choice takes for none of the others. */
export const parser = or(
  installCommand,
  uninstallCommand,
  requestCommand,
  runParser,
  object({ verb: constant("serve"), config: constant(undefined) }),
);

/** What `--help` and the manual say of all of it. */
export const about = {
  brief: message`Runs jobs on this host for clients with certificates.`,
  description:
    message`Each option is also an environment variable, such as TELEWORKERD_STATE_DIR; flags go before the environment, that before the file.`,
  examples: message`teleworkerd --certs /etc/teleworker/certs --listen 0.0.0.0:8443`,
};

/** What users look for who want one of our verbs. */
export const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map([
  ["doctor", ["check"]],
  ["remove", ["uninstall"]],
  ["status", ["check"]],
  ["test", ["check"]],
  ["verify", ["check"]],
  ["version", ["--version"]],
]);

/** Verbs of the client alone that users look for here. */
const OF_CLIENT: readonly string[] = ["certs", "init", "list", "logs", "stop"];

/** The daemon has no verb for what it does most of all, and the client has others. */
function hint([first = ""]: readonly string[]): string[] {
  const meant = first === "init" ? "certs init" : first;
  if (OF_CLIENT.includes(first)) return ["", `That is a verb of the client: teleworker ${meant}`];
  const runs = ["daemon", "run", "serve", "server", "start"].includes(first);
  return runs ? ["", "Without a verb, as in teleworkerd --certs DIR, it runs the daemon."] : [];
}

/** What a command line asks for. */
export type CommandLine = RunCommand | RequestCommand | InstallCommand;

/** To run the daemon, or to look what works. */
export interface RunCommand {
  readonly verb: "serve" | "check";
  /** Of `check`. */
  readonly output: "text" | "json";
  readonly flags: RawOptions;
  readonly config: string | undefined;
}

/** To install the daemon, or to take it away. */
export interface InstallCommand {
  readonly verb: "install" | "uninstall";
  readonly dryRun: boolean;
  /** Folder that holds the files of the host; undefined for this one's. */
  readonly root: string | undefined;
}

/** Returns the arguments as they are; ends the process (2) where one is not UTF-8, since Deno has changed that. */
export async function requireUtf8Arguments(args: readonly string[]): Promise<readonly string[]> {
  const problem = await findNotUtf8Argument(args);
  if (problem === undefined) return args;
  writeLineSync(Deno.stderr, `teleworkerd: ${escapeTerminal(`Cannot use the argument ${problem}`)}`);
  return Deno.exit(2);
}

/** The daemon's command line; ends the process for `--help`, `--version`, `--licenses` and wrong usage (2). */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const exit = (code: number): never => Deno.exit(code);
  const parsed = runParserSync(parser, "teleworkerd", joinRepeated(parser.usage, args), {
    ...about,
    help: { option: true, onShow: exit },
    version: { value: describeBuild(), option: true, onShow: exit },
    // Its own words for an error are not printed, but ours.
    stderr: () => {},
    stdout: (text) => writeLineSync(stdout, text),
    onError: (_code, error) => {
      const commandLine = { usage: parser.usage, general: flagsOf(options.usage), synonyms: SYNONYMS };
      const lines = [...describeUsageError(error, commandLine, args), ...hint(args)];
      writeLineSync(Deno.stderr, `teleworkerd: ${lines.map(escapeTerminal).join("\n")}`);
      return exit(2);
    },
    aboveError: "none",
    termWidth: "auto",
  });
  if (parsed.verb === "install" || parsed.verb === "uninstall" || parsed.verb === "request") return parsed;
  if (parsed.verb === "licenses") {
    writeLineSync(stdout, THIRD_PARTY_LICENSES);
    return exit(0);
  }
  const { verb, config, ...given } = parsed;
  const output = "output" in given ? given.output : "text";
  const flags = Object.fromEntries(
    Object.entries(given).filter(([name, value]) => name !== "output" && value !== undefined),
  );
  return { verb, output, flags, config };
}
