import { damagedError, WorkerError } from "./errors.ts";
import type { Host } from "./host.ts";
import { logger } from "./logger.ts";
import { signalProcess } from "./process.ts";
import type { Note } from "./records.ts";
import type { Entry } from "./registry.ts";
import { killSession, signalSession } from "./session.ts";
import { jobFolder } from "./state_folder.ts";
import { leaveNote, type Request, secondsLeft } from "./stop_note.ts";

/** Seconds between the signal and the kill, unless the user says otherwise. */
export const DEFAULT_GRACE_SECONDS = 10;

/** How to stop a job. */
export interface StopOptions {
  /** Sent once to every process of the job, or to its main process if that is its stop scope; `SIGTERM` by default. */
  readonly signal?: Deno.Signal | undefined;
  /** Seconds that all of them together have until what is left is killed; {@linkcode DEFAULT_GRACE_SECONDS} by default. */
  readonly graceSeconds?: number | undefined;
  /** A second request with the same key and signal joins the first: the signal is not sent again, nor the kill put off. */
  readonly idempotencyKey?: string | undefined;
}

/**
 * Stops a job and waits for its end. A job that has ended stays as it is.
 * @throws {WorkerError} `closing` when the worker closes first; the next worker goes on with the stop.
 */
export async function stop(host: Host, entry: Entry, options: StopOptions = {}): Promise<void> {
  const { signal = "SIGTERM", graceSeconds = DEFAULT_GRACE_SECONDS, idempotencyKey: key } = options;
  await terminate(host, entry, "stop.json", { signal, key, graceSeconds });
}

/** Ends a job: leaves a note of who wanted it, signals its processes, and kills what is left after the grace. */
export async function terminate(
  host: Host,
  entry: Entry,
  note: Note,
  request: Request & { readonly graceSeconds: number },
): Promise<void> {
  // When every process gets SIGKILL, nothing is left to have a grace.
  const killsAll = request.signal === "SIGKILL" && entry.spec.stopScope === "all";
  const graceSeconds = killsAll ? 0 : request.graceSeconds;
  await outwaitLaunch(host, entry, note, graceSeconds);
  if (entry.ended !== null) return;
  const begun = begin(host, entry, note, { request, graceSeconds, killsAll });
  host.stopping.add(begun);
  await begun.finally(() => host.stopping.delete(begun));
  await killAfter(host, entry, secondsLeft(entry.notes.get(note)));
}

/** Leaves the note, then sends the signal, if there is one to send. */
async function begin(
  host: Host,
  entry: Entry,
  note: Note,
  { request, graceSeconds, killsAll }: { request: Request; graceSeconds: number; killsAll: boolean },
): Promise<void> {
  const isNew = await leaveNote(host, entry, note, { graceSeconds, request });
  // Somebody else may have ended it meanwhile.
  if (entry.ended === null && isNew && !killsAll) await signalJob(host, entry, request.signal);
}

async function signalJob(host: Host, entry: Entry, signal: Deno.Signal): Promise<void> {
  const { id } = entry.spec;
  try {
    const refused = await signalScope(host, entry, signal);
    if (refused.length > 0) {
      logger.warn("Cannot send {signal} to processes {refused} of job {id}", { signal, id, refused });
    }
  } catch (error) {
    // It became another account, as by sudo(8), or a container keeps CAP_KILL from us. The cgroup's kill needs neither.
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    logger.warn("Cannot send {signal} to job {id}: {error}", { signal, id, error });
  }
}

/** Signals those that the job's stop scope names. @returns the ids of processes that may not be signalled. */
async function signalScope(
  { bootId }: Host,
  { spec, runner, started, cgroup }: Entry,
  signal: Deno.Signal,
): Promise<number[]> {
  if (started === null) return [];
  if (spec.stopScope === "main") signalProcess(started.record, bootId, signal);
  else if (cgroup === null) signalSession(started.record, runner, bootId, signal);
  else return await cgroup.signal(signal);
  return [];
}

/** Waits for the launch, and kills it when the grace is over: another process of the job's user may have stopped it. */
async function outwaitLaunch(host: Host, entry: Entry, note: Note, graceSeconds: number): Promise<void> {
  if (entry.launching === null) return;
  const launched = new AbortController();
  void entry.launching.then(() => launched.abort());
  await endOf(host, entry, { seconds: graceSeconds, signal: launched.signal });
  if (launched.signal.aborted || entry.ended !== null) return;
  await leaveNote(host, entry, note, { graceSeconds: 0 });
  await kill(host, entry);
  await entry.launching;
}

/** Waits for the job's end that many seconds, then kills what is left and waits for the runner to record it. */
export async function killAfter(host: Host, entry: Entry, graceSeconds: number): Promise<void> {
  await endOf(host, entry, { seconds: graceSeconds });
  if (entry.ended !== null) return;
  await kill(host, entry);
  await endOf(host, entry);
}

/** Kills every process of a job; the runner records the end. */
export async function kill({ bootId, state }: Host, { spec: { id }, runner, started, cgroup }: Entry): Promise<void> {
  if (cgroup !== null) return await cgroup.kill();
  if (started === null) return;
  // Without cgroups the session, which the main process leads, is all there is.
  killSession({ id, folder: jobFolder(state, id), leader: started.record, witness: runner }, bootId);
}

/** When to give up waiting for a job's end. */
export interface Patience {
  readonly seconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for the job's end, or for the patience to be over.
 * @throws {WorkerError} `closing` when the worker closes, `damaged` when the job's end cannot be known any more.
 */
export async function endOf(host: Host, entry: Entry, { seconds, signal }: Patience = {}): Promise<void> {
  const over = Promise.withResolvers<void>();
  const wake = () => over.resolve();
  const timer = seconds === undefined ? undefined : setTimeout(wake, seconds * 1000);
  const signals = [host.closing, ...(signal === undefined ? [] : [signal])];
  for (const signal of signals) {
    signal.addEventListener("abort", wake);
    if (signal.aborted) wake();
  }
  await Promise.race([entry.whenEnded.promise, over.promise]);
  clearTimeout(timer);
  for (const signal of signals) signal.removeEventListener("abort", wake);
  const damaged = host.registry.damaged(entry.spec.id);
  if (damaged !== undefined) throw damagedError(damaged);
  if (entry.ended === null && host.closing.aborted) {
    throw new WorkerError("closing", "Cannot wait for the job: the daemon is ending");
  }
}
