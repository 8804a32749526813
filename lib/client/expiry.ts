import { createHash } from "node:crypto";
import { dirname, isAbsolute } from "node:path";
import { DAY_MS } from "../base/day.ts";
import { readHome } from "../base/home.ts";
import { joinPath } from "../base/paths.ts";
import { readVariable } from "../base/utf8.ts";
import type { Certificate } from "../pki/certificate.ts";
import { describeExpiry, expiresSoon } from "../pki/expiry.ts";
import { noteInPassing } from "./terminal.ts";

/** As many files as are looked at for old ones to remove. */
const MAX_STAMPS = 1000;
/** The names of stamps, and of those that were not finished. */
const STAMP = /^[0-9a-f]{32}(?:\.[0-9a-f-]{36})?$/;

/** A certificate that is used for a connection. */
export interface UsedCertificate {
  /** Whose it is, as the beginning of a sentence. */
  readonly what: string;
  readonly certificate: Certificate;
  /** The command that renews it. */
  readonly renewal: string;
}

/** The certificates that this process has warned of, where nothing can be written down. */
const warned = new Set<string>();

/** Warns on stderr of each certificate that expires soon, at most once a day. */
export function warnOfExpiry(used: readonly UsedCertificate[]): void {
  for (const { what, certificate, renewal } of used) {
    if (!expiresSoon(certificate)) continue;
    const id = createHash("sha256").update(certificate.signed.signedBytes).digest("hex").slice(0, 32);
    if (warned.has(id) || !stamp(id)) continue;
    warned.add(id);
    noteInPassing(`${what} ${describeExpiry(certificate)}: ${renewal}`);
  }
}

/** Records a warning in a file of its own, and tells whether the last one is a day old; true also where that cannot be known. */
function stamp(id: string): boolean {
  const folder = stateFolder();
  if (folder === undefined) return true;
  try {
    if (!isOurs(folder)) return true;
    if (!isOld(joinPath(folder, id))) return false;
    Deno.mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Again, for who can write to a directory above may have made them first.
    if (isOurs(folder)) write(folder, id);
  } catch {
    // A home that cannot be written to must not keep anyone from working; the next command warns again.
  }
  return true;
}

/** Tells whether the directory of the stamps, and those above it as far as `XDG_STATE_HOME`, belong to us; else the first that there is. */
function isOurs(folder: string): boolean {
  let [place, seen] = [folder, false];
  for (let up = 0; !seen || up < 3; up++) {
    try {
      if (Deno.statSync(place).uid !== Deno.uid()) return false;
      seen = true;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    place = dirname(place);
  }
  return true;
}

function isOld(path: string): boolean {
  try {
    const age = Date.now() - (Deno.lstatSync(path).mtime?.getTime() ?? 0);
    return age < 0 || age >= DAY_MS;
  } catch {
    return true;
  }
}

/** Writes a stamp in the place of an old one, never through a link that has its name, and removes other old ones. */
function write(folder: string, id: string): void {
  const path = joinPath(folder, id);
  const unfinished = `${path}.${crypto.randomUUID()}`;
  Deno.writeTextFileSync(unfinished, `${new Date().toISOString()}\n`, { createNew: true, mode: 0o600 });
  Deno.renameSync(unfinished, path);
  for (const { name } of Deno.readDirSync(folder).take(MAX_STAMPS)) {
    const stamp = joinPath(folder, name);
    if (STAMP.test(name) && isOld(stamp)) Deno.removeSync(stamp);
  }
}

/** As the XDG Base Directory Specification has it. */
function stateFolder(): string | undefined {
  const given = readVariable("XDG_STATE_HOME") ?? "";
  if (isAbsolute(given)) return joinPath(given, "teleworker/warned");
  const home = readHome();
  return home === undefined ? undefined : joinPath(home, ".local/state/teleworker/warned");
}
