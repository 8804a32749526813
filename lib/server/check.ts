import { escapeTerminal } from "../base/escape_terminal.ts";
import { stdout } from "../base/stdout.ts";
import { writeLineSync } from "../base/write_all.ts";
import { checkHost, type HostCheck } from "../worker/mod.ts";
import { checkStart, type StartCheck } from "./check_start.ts";
import type { Options } from "./options.ts";

/** The configuration that is checked. */
export interface CheckedConfiguration {
  /** Its file; null for none. */
  readonly config: string | null;
  /** Whether that is the daemon that `teleworkerd install` has put on this host. */
  readonly installed: boolean;
  /** Directories that are made before the daemon starts. */
  readonly made: readonly string[];
}

/**
 * `teleworkerd check`: prints what works on this host and with these options, what does not, and what to do about it.
 * @returns the exit code, as the first line says: 1 if the daemon would not start, or no job can run.
 */
export async function check(
  options: Options,
  output: "text" | "json",
  configuration: CheckedConfiguration,
): Promise<number> {
  const [host, start] = [await checkHost(options), await checkStart(options, configuration.made)];
  const ready = host.works && start.every(({ works }) => works);
  writeLineSync(
    stdout,
    output === "json"
      ? JSON.stringify({ ready, config: configuration.config, ...host, start })
      : [...summarize(host, ready, configuration), ...describe(host, start)].join("\n"),
  );
  return ready ? 0 : 1;
}

/** What matters most: whether jobs can run, what they have to do without, and with which configuration. */
function summarize(
  { works, cgroups }: HostCheck,
  ready: boolean,
  { config, installed }: CheckedConfiguration,
): string[] {
  const root = Deno.uid() === 0;
  const verdict = !works
    ? "No job can run on this host."
    : ready
    ? "Jobs can run on this host."
    : 'The daemon cannot start with this configuration; see what has a "no" below.';
  return [
    verdict,
    ...(!ready || cgroups.reason === null ? [] : [`They run without limits: ${cgroups.reason}.`]),
    ...(!ready || root ? [] : ["They run as this account alone: other accounts (--user) take a daemon of root."]),
    ...(config === null ? [] : [`This is by the options in "${escapeTerminal(config)}".`]),
    ...(installed && !root ? ["The installed daemon runs as root; run this as root too, such as with sudo."] : []),
  ];
}

function describe({ cgroups, programs }: HostCheck, start: readonly StartCheck[]): string[] {
  return [
    "",
    "A start of the daemon",
    ...start.map(({ name, works, message }) => `  ${works ? "ok  " : "no  "} ${name}: ${escapeTerminal(message)}`),
    "",
    "Programs",
    ...programs.flatMap(({ name, path, required, purpose, advice }) =>
      path !== null
        ? [`  ok   ${name} for ${purpose}: ${path}`]
        : [`  no   ${name}: without it ${required ? "no job can run" : `no ${purpose}`}`, `       ${advice}`]
    ),
    "",
    `Limits, on cgroups ${cgroups.mode}`,
    ...cgroups.trees.map(({ directory, controllers, delegated }) =>
      `       ${directory}: ${controllers.join(", ") || "no controller"}${delegated ? " (in a group given to us)" : ""}`
    ),
    ...cgroups.limits.flatMap(({ name, works, reason, advice, note }) => [
      `  ${works ? "ok  " : "no  "} ${name}${reason === null ? "" : `: ${reason}`}`,
      ...(advice === null ? [] : [`       ${advice}`]),
      ...(note === null ? [] : [`       ${note}`]),
    ]),
  ];
}
