import { escapeTerminal } from "../base/escape_terminal.ts";
import { stdout } from "../base/stdout.ts";
import { writeLineSync } from "../base/write_all.ts";
import { checkHost, type HostCheck } from "../worker/mod.ts";
import { checkStart, type StartCheck } from "./check_start.ts";
import type { Options } from "./options.ts";

/**
 * `teleworkerd check`: prints what works on this host and with these options, what does not, and what to do about it.
 * @returns the exit code: 1 if the daemon would not start, or no job can run.
 */
export async function check(options: Options, output: "text" | "json"): Promise<number> {
  const [host, start] = [await checkHost(options), await checkStart(options)];
  writeLineSync(stdout, output === "json" ? JSON.stringify({ ...host, start }) : describe(host, start).join("\n"));
  return host.works && start.every(({ works }) => works) ? 0 : 1;
}

function describe({ works, cgroups, programs }: HostCheck, start: readonly StartCheck[]): string[] {
  return [
    works ? "Jobs can run on this host." : "No job can run on this host.",
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
