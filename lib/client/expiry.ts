import { createHash } from "node:crypto";
import { dirname, isAbsolute } from "node:path";
import { readHome } from "../base/home.ts";
import { joinPath } from "../base/paths.ts";
import { readVariable } from "../base/utf8.ts";
import type { Certificate } from "../pki/certificate.ts";
import { describeExpiry, expiresSoon } from "../pki/expiry.ts";
import { note } from "./terminal.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

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
export async function warnOfExpiry(used: readonly UsedCertificate[]): Promise<void> {
  for (const { what, certificate, renewal } of used) {
    if (!expiresSoon(certificate)) continue;
    const id = createHash("sha256").update(certificate.signed.signedBytes).digest("hex").slice(0, 32);
    if (warned.has(id) || !stamp(id)) continue;
    warned.add(id);
    await note(`${what} ${describeExpiry(certificate)}: ${renewal}`);
  }
}

/** Records a warning in a file of its own, and tells whether the last one is a day old; true also where that cannot be known. */
function stamp(id: string): boolean {
  const folder = stateFolder();
  if (folder === undefined) return true;
  const path = joinPath(folder, id);
  try {
    const age = Date.now() - (Deno.lstatSync(path).mtime?.getTime() ?? 0);
    if (age >= 0 && age < DAY_MS) return false;
  } catch {
    // There was none.
  }
  try {
    Deno.mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(path, `${new Date().toISOString()}\n`, { mode: 0o600 });
  } catch {
    // A home that cannot be written to must not keep anyone from working; the next command warns again.
  }
  return true;
}

/** As the XDG Base Directory Specification has it. */
function stateFolder(): string | undefined {
  const given = readVariable("XDG_STATE_HOME") ?? "";
  if (isAbsolute(given)) return joinPath(given, "teleworker/warned");
  const home = readHome();
  return home === undefined ? undefined : joinPath(home, ".local/state/teleworker/warned");
}
