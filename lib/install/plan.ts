import { Buffer } from "node:buffer";
import { dirname, relative } from "node:path";
import { absolutePath } from "../base/paths.ts";
import { CERTS, CONFIG, CONFIG_TEXT, PROGRAM, SERVICE, UNIT, UNIT_TEXT } from "./layout.ts";

/** One thing to do, or, for `keep`, not to do. */
export type Step =
  | { readonly action: "keep" | "remove"; readonly path: string }
  /** A folder: make it, or give it its mode. */
  | { readonly action: "make" | "restrict"; readonly path: string; readonly mode: number }
  | { readonly action: "write" | "replace"; readonly path: string; readonly mode: number; readonly content: Content }
  | { readonly action: "run"; readonly words: readonly [program: string, ...args: string[]] };

/** Bytes of a file, or its text. */
export type Content = string | Uint8Array<ArrayBuffer>;

/** See {@linkcode Content}. */
export function bytesOf(content: Content): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

/** The host to install on. */
export interface Target {
  /** Folder that holds its files, such as `/`. */
  readonly root: string;
  /** Whether systemd runs there and is to be told. */
  readonly systemd: boolean;
}

/** Whether systemd runs here, as sd_booted(3) finds out. */
export function runsSystemd(): boolean {
  return found("/run/systemd/system")?.isDirectory ?? false;
}

/**
 * What is to be done to install a program; nothing but `keep` where all is as it should be.
 * @param program Its bytes.
 * @param unit Whether the host is to have the unit.
 * @throws {Error} when something is in the way.
 */
export function planInstall(target: Target, program: Uint8Array<ArrayBuffer>, unit: boolean): Step[] {
  const at = (path: string) => placeOf(target, path);
  const steps: Step[] = [
    planFile(at(PROGRAM), 0o755, program),
    planFolder(at(CERTS), 0o700),
    found(at(CONFIG)) === null
      ? { action: "write", path: at(CONFIG), mode: 0o644, content: CONFIG_TEXT }
      : { action: "keep", path: at(CONFIG) },
  ];
  if (!unit) return steps;
  const unitStep = planFile(at(UNIT), 0o644, UNIT_TEXT);
  steps.push(unitStep);
  if (target.systemd && unitStep.action !== "keep") {
    steps.push({ action: "run", words: ["systemctl", "daemon-reload"] });
  }
  return steps;
}

/** What is to be done to take away what {@linkcode planInstall} brings, but for configuration and certificates. */
export function planUninstall(target: Target): Step[] {
  const { systemd } = target;
  const [unit, program] = [placeOf(target, UNIT), placeOf(target, PROGRAM)];
  const steps: Step[] = [];
  if (found(unit) !== null) {
    if (systemd) steps.push({ action: "run", words: ["systemctl", "disable", "--now", SERVICE] });
    steps.push({ action: "remove", path: unit });
    if (systemd) steps.push({ action: "run", words: ["systemctl", "daemon-reload"] });
  }
  if (found(program) !== null) steps.push({ action: "remove", path: program });
  return steps;
}

/**
 * Where a file of the host is here.
 * @throws {Error} when a link leads out of the host's root: what is absolute in an image would be a folder of the host that it is on.
 */
function placeOf({ root }: Target, path: string): string {
  const place = absolutePath(root + path);
  if (found(root) === null) return place;
  let folder = place;
  while (!found(folder)?.isDirectory) folder = dirname(folder);
  const real = Deno.realPathSync(folder);
  if (/^\.\.(\/|$)/.test(relative(Deno.realPathSync(root), real))) {
    throw new Error(`Cannot use "${place}": a link in it leads out of "${root}", to "${real}"`);
  }
  return place;
}

function planFolder(path: string, mode: number): Step {
  const info = found(path);
  if (info === null) return { action: "make", path, mode };
  if (!info.isDirectory) throw new Error(`Cannot use "${path}": it is no folder`);
  return (info.mode ?? 0) % 0o10000 === mode ? { action: "keep", path } : { action: "restrict", path, mode };
}

function planFile(path: string, mode: number, content: Content): Step {
  const info = found(path);
  if (info === null) return { action: "write", path, mode, content };
  const bytes = bytesOf(content);
  // An owner who is neither root nor whoever installs could change later what is the same now.
  const ours = info.isFile && [0, Deno.uid()].includes(info.uid) && (info.mode ?? 0) % 0o10000 === mode;
  const same = ours && info.size === bytes.length &&
    Buffer.compare(Deno.readFileSync(path), bytes) === 0;
  return same ? { action: "keep", path } : { action: "replace", path, mode, content };
}

/** What is at a path, the end of a link included; null for nothing. */
export function found(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
