import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import { cutText } from "../../base/cut_text.ts";
import { escapeJson } from "../../base/escape_terminal.ts";
import { reasonOf } from "../../base/system_error.ts";
import type { RouteName } from "../../contract/mod.ts";
import { DAEMON_NAME } from "../../pki/client_name.ts";
import type { Action } from "../../worker/mod.ts";
import { Allowance } from "./allowance.ts";
import type { Caller } from "../context.ts";
import { stderr } from "./line_writer.ts";
import { logger } from "./logger.ts";
import type { Options } from "../options.ts";

/**
 * Lines a minute about peers that were not let in, of each kind: they cost their makers nothing, and must not fill a disk. Those that
 * showed a certificate of an authority are a kind of their own, which others cannot crowd out.
 */
const MOST_REFUSED = 60;
const MINUTE = 60_000;

/** What the audit log tells of. */
export interface AuditEvent {
  /**
   * `decision`: whether a request may go on. `outcome`: what became of one that could change something, or failed.
   * `handshake`: a connection that was not let in. `closed`: an open connection whose certificate is not good any more.
   */
  readonly event: "decision" | "outcome" | "handshake" | "closed";
  readonly allowed: boolean;
  /** Why not, or why it came to nothing. */
  readonly reason?: string | undefined;
  /** Who, as far as that is known. */
  readonly who: Partial<Caller> & { readonly subject?: string };
  /** Which call of the API; null for none. */
  readonly route?: RouteName | null;
  /** The job's id, or what was in its place. */
  readonly job?: string | undefined;
  /** Whose job, where that is not known from before. */
  readonly owner?: string | undefined;
  /** The HTTP status of the answer. */
  readonly status?: number | undefined;
  /** What a start has started. */
  readonly started?: { readonly command: string; readonly args: readonly string[] } | undefined;
}

/** The audit log: a JSON line for each decision, appended to a file, or on stderr. */
export class Audit implements Disposable {
  readonly #path: string | undefined;
  readonly #args: Options["auditArgs"];
  /** Who can read the log but not this process cannot try out arguments against the hashes. */
  readonly #key = randomBytes(32);
  #file: Deno.FsFile | undefined;
  /** Whether the log has said that others have access to the file. */
  #warned = false;
  /** Whether the last line could not be written, or not whole. */
  #failing = false;
  readonly #certified = this.#allowance("More certificates were refused than are recorded one by one");
  readonly #strangers = this.#allowance("More connections were refused than are recorded one by one");

  /**
   * Opens its file, if it is to have one.
   * @throws {Error} when the file cannot be opened.
   */
  constructor({ auditLog, auditArgs }: Pick<Options, "auditLog" | "auditArgs">) {
    this.#path = auditLog;
    this.#args = auditArgs;
    try {
      this.#open();
    } catch (error) {
      throw new Error(`Cannot open the audit log "${auditLog}": ${reasonOf(error)}; choose another with --audit-log`);
    }
  }

  /**
   * Writes a line. What cannot be written is lost; the daemon goes on, and its own log says so once.
   * @returns whether there is a line: of those who are nobody's known, so many a minute have one, and the others are counted.
   */
  record({ event, allowed, reason, who, route, job, owner, status, started }: AuditEvent): boolean {
    const { name, role, serial, subject, peer } = who;
    if (name === undefined && !(subject === undefined ? this.#strangers : this.#certified).take()) return false;
    this.#write({
      ...{
        event,
        allowed,
        route,
        job: job && cutText(job, 64),
        owner,
        status,
        reason: reason && cutText(reason, 1024),
      },
      ...{ name, role, serial, subject, peer },
      ...(started === undefined ? {} : { command: started.command, ...this.#argsOf(started) }),
    });
    return true;
  }

  /** Records that a request came to no route, or, without a status, that its connection was cut off instead of an answer. */
  refused(who: Caller, reason: string, status?: number): void {
    this.record({ event: "decision", allowed: false, route: null, who, reason, status });
  }

  /** Records what the daemon did to a job by itself. */
  acted({ kind, id, owner, reason }: Action): void {
    this.record({ event: "outcome", allowed: true, who: { name: DAEMON_NAME }, route: kind, job: id, owner, reason });
  }

  /** Opens the file anew, for after its renaming. */
  reopen(): void {
    const old = this.#file;
    try {
      this.#open();
      old?.close();
    } catch (error) {
      logger.error("Cannot open the audit log again, the old file goes on: {error}", { error });
    }
  }

  [Symbol.dispose](): void {
    this.#certified[Symbol.dispose]();
    this.#strangers[Symbol.dispose]();
    this.#file?.close();
    this.#file = undefined;
  }

  #open(): void {
    if (this.#path === undefined) return;
    this.#file = Deno.openSync(this.#path, { append: true, create: true, mode: 0o600 });
    const { isFile, mode } = this.#file.statSync();
    if (this.#warned || !isFile || mode === null || (mode & 0o007) === 0) return;
    logger.warn("Others have access to the audit log; run: chmod o= {path}", { path: this.#path });
    this.#warned = true;
  }

  #argsOf({ command, args }: NonNullable<AuditEvent["started"]>): object {
    if (this.#args === "full") return { args };
    if (this.#args === "off") return {};
    return { argsHash: createHmac("sha256", this.#key).update(JSON.stringify([command, ...args])).digest("hex") };
  }

  #allowance(reason: string): Allowance {
    return new Allowance(MOST_REFUSED, MINUTE, (count, since) => {
      this.#write({ event: "omitted", allowed: false, reason, count, since: since.toISOString() });
    });
  }

  #write(line: object): void {
    const text = escapeJson(JSON.stringify({ time: new Date().toISOString(), ...line }));
    if (this.#path === undefined) stderr.write(text);
    else if (this.#file !== undefined) this.#append(this.#file, Buffer.from(`${this.#failing ? "\n" : ""}${text}\n`));
  }

  #append(file: Deno.FsFile, bytes: Uint8Array): void {
    try {
      // In one call, for lines of two daemons in one file to stay whole.
      if (file.writeSync(bytes) < bytes.length) throw new Error("there is no space for a whole line");
      if (this.#failing) {
        logger.warn("The audit log can be written again; what was to be recorded meanwhile is missing");
      }
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) logger.error("Cannot write the audit log, and go on without: {error}", { error });
      this.#failing = true;
    }
  }
}
