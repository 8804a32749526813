import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import type { NonEmptyString } from "@optique/core/nonempty";
import { run } from "@optique/run";
import { VERSION } from "../contract/mod.ts";
import type { RawOptions } from "./options.ts";

const text = (name: `--${string}`, metavar: NonEmptyString, description: ReturnType<typeof message>) =>
  optional(option(name, string({ metavar }), { description }));

const parser = object({
  listen: text("--listen", "HOST:PORT", message`Where to listen for mutual TLS (127.0.0.1:8443).`),
  socket: text("--socket", "PATH", message`A Unix socket for the owner of the daemon, without certificates.`),
  certs: text("--certs", "DIR", message`Folder with ca.pem, server.pem and server-key.pem.`),
  ca: text("--ca", "FILE", message`Certificates of the authorities that clients are trusted by.`),
  cert: text("--cert", "FILE", message`The server's certificate.`),
  key: text("--key", "FILE", message`The server's private key.`),
  stateDir: text("--state-dir", "DIR", message`Where jobs and their output are kept (/var/lib/teleworker).`),
  cgroupRoot: text("--cgroup-root", "NAME", message`The cgroup below which jobs get theirs (teleworker).`),
  logLevel: text("--log-level", "LEVEL", message`debug, info, warning or error (info).`),
  maxJobs: text("--max-jobs", "N", message`Jobs that may run at once (1000).`),
  maxFollowers: text("--max-followers", "N", message`Requests that may follow jobs at once (2000).`),
  config: text("--config", "FILE", message`A JSON file with any of these options, such as {"stateDir": "/srv/jobs"}.`),
});

/** The daemon's command line; ends the process for `--help`, `--version` and wrong usage (2). */
export function parseFlags(args: readonly string[]): { flags: RawOptions; config: string | undefined } {
  const { config, ...given } = run(parser, {
    programName: "teleworkerd",
    args,
    brief: message`Runs jobs on this host for clients with certificates.`,
    description:
      message`Each option is also an environment variable, such as TELEWORKERD_STATE_DIR; flags go before the environment, that before the file.`,
    examples: message`teleworkerd --certs /etc/teleworker/certs --listen 0.0.0.0:8443`,
    help: "option",
    version: { value: VERSION, option: true },
    errorExitCode: 2,
    termWidth: "auto",
  });
  return { flags: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)), config };
}
