import { absolutePath } from "../base/paths.ts";
import { BUILD } from "../about/build.ts";
import { stdout } from "../base/stdout.ts";
import { writeLineSync } from "../base/write_all.ts";
import { carryOut } from "./carry_out.ts";
import { CACHE, CERTS, CONFIG, PROGRAM, RUNTIME, SERVICE, STATE, UNIT_TEXT } from "./layout.ts";
import { ownFile } from "./own_file.ts";
import { found, planInstall, planUninstall, runsSystemd, type Step, type Target } from "./plan.ts";

/** What the command line says about it. */
export interface InstallOptions {
  /** Whether only to say what would be done. */
  readonly dryRun: boolean;
  /** Folder that holds the files of the host; undefined for this one's. */
  readonly root: string | undefined;
}

/**
 * `teleworkerd install`: puts this program on the host, and says what to do next. A second time it changes nothing.
 * @throws {Error} when that cannot be done; then nothing was.
 */
export async function runInstall(options: InstallOptions): Promise<void> {
  const target = targetOf(options);
  const program = await Deno.readFile(await ownFile(BUILD.kind));
  const steps = planInstall(target, program, target.systemd || options.root !== undefined);
  if (!options.dryRun) {
    requireRoot("install", options);
    carryOut(steps);
  }
  const next = nextSteps(steps, target, options.root !== undefined);
  print([...describe(steps, options.dryRun), ...(next.length === 0 ? [] : ["", ...next])]);
}

/**
 * `teleworkerd uninstall`: takes away what {@linkcode runInstall} brought. Jobs go on; they, the configuration and the certificates
 * stay.
 * @throws {Error} when that cannot be done.
 */
export function runUninstall(options: InstallOptions): void {
  const target = targetOf(options);
  const steps = planUninstall(target);
  if (options.dryRun) return print(describe(steps, true));
  requireRoot("uninstall", options);
  carryOut(steps);
  const left = ["/etc/teleworker", STATE, CACHE].map((path) => absolutePath(target.root + path))
    .filter((path) => found(path) !== null);
  print([
    ...describe(steps, false),
    ...(left.length === 0 ? [] : ["", `Left here: ${left.join(", ")}.`]),
    ...(left.includes(STATE) ? ["Jobs that run go on; what they write stays there."] : []),
  ]);
}

function targetOf({ root }: InstallOptions): Target {
  if (root === "") throw new Error('Cannot use --root "": it must not be empty, such as "/mnt/image"');
  return root === undefined ? { root: "/", systemd: runsSystemd() } : { root: absolutePath(root), systemd: false };
}

function requireRoot(verb: string, { root }: InstallOptions): void {
  if (root === undefined && Deno.uid() !== 0) throw new Error(`Cannot ${verb}: run it as root, such as with sudo`);
}

function print(lines: readonly string[]): void {
  writeLineSync(stdout, lines.join("\n"));
}

const PAST = {
  keep: "Left as it is",
  make: "Made",
  restrict: "Changed the mode of",
  write: "Wrote",
  replace: "Replaced",
  remove: "Removed",
  run: "Ran",
} as const;

const FUTURE = {
  keep: "Would leave as it is",
  make: "Would make",
  restrict: "Would change the mode of",
  write: "Would write",
  replace: "Would replace",
  remove: "Would remove",
  run: "Would run",
} as const;

/** A line for each step, and before it is done the text of what would be written. */
function describe(steps: readonly Step[], dryRun: boolean): string[] {
  const words = dryRun ? FUTURE : PAST;
  if (steps.every(({ action }) => action === "keep")) return ["Nothing to change: all is as it should be"];
  return steps.flatMap((step) => {
    const line = `${words[step.action]} ${step.action === "run" ? step.words.join(" ") : step.path}`;
    const mode = "mode" in step ? ` (mode ${step.mode.toString(8).padStart(4, "0")})` : "";
    const text = dryRun && "content" in step && typeof step.content === "string" ? indent(step.content) : [];
    return [line + mode, ...text];
  });
}

function indent(text: string): string[] {
  return text.trimEnd().split("\n").map((line) => `    ${line}`.trimEnd());
}

/** What is left to do, by how the host was found. */
function nextSteps(steps: readonly Step[], { root, systemd }: Target, elsewhere: boolean): string[] {
  const certificates = found(`${root}${CERTS}/server.pem`) !== null ? [] : [
    `It needs ca.pem, server.pem and server-key.pem in ${CERTS}. Make the key, and what is to be signed where your authority is:`,
    `    teleworkerd request HOST --certs ${CERTS}`,
  ];
  if (elsewhere) return [...certificates, `When that host runs: systemctl enable --now ${SERVICE}`];
  if (!systemd) return [...certificates, ...withoutSystemd()];
  if (steps.every(({ action }) => action === "keep")) return certificates;
  if (steps.some(({ action }) => action === "replace")) {
    return [...certificates, "To run the new one, if it ran before; jobs go on:", `    systemctl restart ${SERVICE}`];
  }
  return [...certificates, "Then:", `    systemctl enable --now ${SERVICE}`];
}

function withoutSystemd(): string[] {
  return [
    "No systemd runs here. Start the daemon as root, by the host's own supervisor or by hand:",
    `    mkdir -p -m 0700 ${RUNTIME}`,
    `    setsid ${PROGRAM} --config ${CONFIG} </dev/null >>/var/log/teleworkerd.log 2>&1 &`,
    "A supervisor must end it by SIGTERM to its process alone, for jobs are to outlive it, and start it again when it ends.",
    "For one that reads units, this is systemd's:",
    ...indent(UNIT_TEXT),
  ];
}
