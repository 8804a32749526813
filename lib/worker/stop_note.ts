import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Host } from "./host.ts";
import { readUptime } from "./job.ts";
import { logger } from "./logger.ts";
import { DamageError, readRecord } from "./read_record.ts";
import { type Note, type Stop, stopSchema, writeRecord } from "./records.ts";
import type { Entry } from "./registry.ts";
import { jobFolder } from "./state_folder.ts";

/** Most requests that a note names: as many as are made again within a grace, and no more than a runner's shell reads at once. */
const MOST_REQUESTS = 100;

/** Who asks for a job's end. */
export interface Request {
  readonly signal: Deno.Signal;
  /** The same in each try of one request; a request without a key is always another one. */
  readonly key?: string | undefined;
}

/**
 * Leaves a note, which makes the runner record the cause and hold the grace, and lets a later daemon finish what this one began. The
 * kill that an earlier request has led to is never put off.
 * @param request whose signal will be sent when this is the first try of it.
 * @returns whether it is: a second signal means "at once" to many programs.
 */
export async function leaveNote(
  host: Host,
  entry: Entry,
  note: Note,
  { graceSeconds, request }: { graceSeconds: number; request?: Request },
): Promise<boolean> {
  const earlier = entry.notes.get(note) ?? readSound(host, entry, note);
  const digest = request?.key === undefined ? [] : [digestOf(request.signal, request.key)];
  const isNew = !digest.some((digest) => earlier?.requests.includes(digest));
  // No more precise than the uptime that the runner's shell compares it with.
  const killAtUptime = Math.min(earlier?.killAtUptime ?? Infinity, Number((readUptime() + graceSeconds).toFixed(2)));
  if (earlier !== undefined && !isNew && killAtUptime === earlier.killAtUptime) return false;
  const requests = [...earlier?.requests ?? [], ...(isNew ? digest : [])].slice(-MOST_REQUESTS);
  // Before anything is waited for: a second try may come at the same time.
  entry.notes.set(note, { format: 1, killAtUptime, scope: entry.spec.stopScope, requests });
  await write(host, entry, note);
  return isNew;
}

/** Seconds until what is left of the job is to be killed, by all who asked for that. */
export function secondsLeft(stop: Stop | undefined): number {
  return stop === undefined ? 0 : Math.max(0, stop.killAtUptime - readUptime());
}

/**
 * Reads the note that an earlier daemon may have left.
 * @throws {DamageError} when it cannot be used.
 */
export function readNote(host: Host, entry: Entry, note: Note): Stop | undefined {
  const stop = readRecord(join(jobFolder(host.state, entry.spec.id), note), stopSchema)?.record;
  if (stop !== undefined && !entry.notes.has(note)) entry.notes.set(note, stop);
  return entry.notes.get(note);
}

/** A note that cannot be used is no reason not to stop a job: it is written anew. */
function readSound(host: Host, entry: Entry, note: Note): Stop | undefined {
  try {
    return readNote(host, entry, note);
  } catch (error) {
    if (error instanceof DamageError) return undefined;
    throw error;
  }
}

async function write(host: Host, entry: Entry, note: Note): Promise<void> {
  const path = join(jobFolder(host.state, entry.spec.id), note);
  try {
    // Of two at once the one that was written last may be the older one.
    let written: Stop | undefined;
    for (let stop = entry.notes.get(note); stop !== undefined && stop !== written; stop = entry.notes.get(note)) {
      await writeRecord(path, stop);
      written = stop;
    }
  } catch (error) {
    // It may have been removed meanwhile.
    if (entry.ended !== null) return;
    // A full disk must not keep a job running: it ends, if only its record does not say who wanted that.
    logger.warn("Cannot note that job {id} is to end: {error}", { id: entry.spec.id, error });
  }
}

/** Of a fixed length, and with nothing that the runner's shell could take for another field. */
function digestOf(signal: Deno.Signal, key: string): string {
  return createHash("sha256").update(`${signal} ${key}`).digest("hex");
}
