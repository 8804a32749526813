import { createHash } from "node:crypto";
import { join } from "node:path";
import { removeAllIfThere } from "../base/files.ts";
import { awaitDisks } from "../cgroup/mod.ts";
import { damagedError, WorkerError } from "./errors.ts";
import { createLogs, type Host, inUse, noteEnd, recordEnd, tidy } from "./host.ts";
import { describe, type Job } from "./job.ts";
import { unsettable } from "./hard_limits.ts";
import { leaveLongWords } from "./long_words.ts";
import { logger } from "./logger.ts";
import { effectiveLimits, type JobLimits } from "./limits.ts";
import { isEmptied, readRecord } from "./read_record.ts";
import { runnerSchema, type Spec, startedSchema, type StopScope, writeRecord } from "./records.ts";
import type { Entry, SetAside } from "./registry.ts";
import type { Process } from "./process.ts";
import { REMOVED } from "./remove.ts";
import { DEFAULT_PATH, spawnRunner } from "./runner.ts";
import { jobFolder, logPath } from "./state_folder.ts";
import { superviseTimeout } from "./timeout.ts";
import { type Account, environmentOf, findAccount, isOurs } from "./user.ts";

/** What to run. */
export interface StartRequest {
  /** Whose job it will be. */
  readonly owner: string;
  /** A program's path, or its name to be found in PATH. */
  readonly command: string;
  /** Its arguments, handed on as they are. */
  readonly args: readonly string[];
  /** Unique among the owner's jobs. */
  readonly name?: string | undefined;
  /** The program's whole environment, but for a PATH if it has none. Names are identifiers not beginning with `TELEWORKER_`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** An absolute path; `/` by default. */
  readonly cwd?: string | undefined;
  /** What it may use; without limits by default. */
  readonly limits?: JobLimits | undefined;
  /** Name of the account that it runs as; the daemon's own by default. */
  readonly user?: string | undefined;
  /** The job is stopped when it has run that long. */
  readonly timeoutSeconds?: number | undefined;
  /** Who is sent the signal of a stop and has its grace period: every process of the job, by default, or its main process alone. */
  readonly stopScope?: StopScope | undefined;
  /** Most bytes kept of each of its streams, the newest; the worker's most by default, and at the most. */
  readonly outputMaxBytes?: number | undefined;
  /** A second request of the owner with the same key gives the job of the first. */
  readonly idempotencyKey?: string | undefined;
}

/**
 * Starts a job. A program that cannot be started gives a job in state `failed`.
 * @throws {WorkerError} `conflict`, `busy` or `unsupported`; nothing has been started then.
 */
export async function start(host: Host, request: StartRequest): Promise<Job> {
  const { idempotencyKey, ...asked } = request;
  const digest = createHash("sha256").update(JSON.stringify(asked)).digest("hex");
  const account = request.user === undefined ? null : await findAccount(request.user);
  const limits = effectiveLimits(request.limits ?? {}, host.defaultLimits, host.maxLimits);
  await awaitDisks(limits);
  // No await from here until the entry stands: of two requests at once the second must find the first.
  const earlier = idempotencyKey === undefined ? undefined : host.registry.requested(request.owner, idempotencyKey);
  if (earlier !== undefined) return await replay(host, earlier, digest, request);

  refuse(host, request, limits);
  const spec: Spec = {
    format: 1,
    id: crypto.randomUUID(),
    sequence: host.registry.nextSequence(),
    ownerSequence: host.registry.nextSequenceOf(request.owner),
    name: request.name ?? null,
    owner: request.owner,
    command: request.command,
    args: [...request.args],
    cwd: request.cwd ?? "/",
    envNames: Object.keys(request.env ?? {}),
    user: request.user ?? null,
    limits,
    timeoutSeconds: request.timeoutSeconds ?? null,
    stopScope: request.stopScope ?? "all",
    outputMaxBytes: Math.min(request.outputMaxBytes ?? Infinity, host.outputMaxBytes),
    createdAt: new Date().toISOString(),
    bootId: host.bootId,
    idempotency: idempotencyKey === undefined ? null : { key: idempotencyKey, request: digest },
  };
  const entry = host.registry.add(spec);
  const launching = launch(host, entry, request.env ?? {}, account).finally(() => entry.launching = null);
  entry.launching = launching.catch(() => {});
  await launching;
  // While all of its arguments are still in memory.
  const job = describe(entry);
  entry.spec = leaveLongWords(host, spec);
  return job;
}

async function replay(host: Host, earlier: Entry | SetAside, digest: string, request: StartRequest): Promise<Job> {
  if ("reason" in earlier) throw damagedError(earlier);
  if (earlier.spec.idempotency?.request !== digest) {
    throw new WorkerError("conflict", `Cannot start the job: the idempotency key was used for another request`);
  }
  await earlier.launching;
  // The first attempt came to nothing; then this one counts.
  if (host.registry.get(earlier.spec.id) !== earlier) return await start(host, request);
  return describe(earlier);
}

function refuse(host: Host, request: StartRequest, limits: JobLimits): void {
  if (host.closing.aborted) throw new WorkerError("closing", "Cannot start the job: the daemon is ending");
  if (host.registry.running >= host.maxJobs) {
    throw new WorkerError("busy", `Cannot start the job: ${host.maxJobs} jobs are running, which is the limit`);
  }
  if (host.registry.runningOf(request.owner) >= host.maxJobsPerOwner) {
    const most = host.maxJobsPerOwner;
    throw new WorkerError(
      "busy",
      `Cannot start the job: ${most} of your jobs are running, which is the limit for one owner`,
    );
  }
  if (request.name !== undefined && host.registry.named(request.owner, request.name) !== undefined) {
    throw new WorkerError(
      "conflict",
      `Cannot name the job "${request.name}": there is a job of that name, running or ended`,
    );
  }
  const reasons = [...host.cgroups.unenforceable(limits), ...unsettable(limits)];
  if (reasons.length > 0) throw new WorkerError("unsupported", reasons.join("; "));
}

async function launch(
  host: Host,
  entry: Entry,
  given: Readonly<Record<string, string>>,
  account: Account | null,
): Promise<void> {
  const { spec } = entry;
  const refuse = async (error: unknown) => {
    await discard(host, entry).catch((error) =>
      logger.error("Cannot remove what is left of job {id}: {error}", { id: spec.id, error })
    );
    throw error;
  };
  await prepare(host, entry).catch(refuse);
  let launched = false;
  try {
    const env = { PATH: DEFAULT_PATH, ...(account === null ? {} : environmentOf(account)), ...given };
    launched = await spawnRunner(host, entry, { env, account: account === null || isOurs(account) ? null : account });
    noteEnd(host, entry);
    launched ||= entry.ended?.record.failure === null;
    if (!launched && entry.ended === null) throw new Error(`Cannot start "${spec.command}": its runner could not work`);
  } catch (error) {
    // What could not be started and not be recorded either, for want of space, is to leave nothing.
    await recordEnd(host, entry, { failure: "host", reason: launchReason(spec, error) })
      .catch((error) => launched ? Promise.reject(error) : refuse(error));
    launched = false;
  }
  if (!launched) return await tidy(host, entry);
  noteStart(host, entry);
  superviseTimeout(host, entry);
}

async function prepare(host: Host, entry: Entry): Promise<void> {
  const folder = jobFolder(host.state, entry.spec.id);
  await Deno.mkdir(folder, { mode: 0o700 });
  await writeRecord(join(folder, "spec.json"), entry.spec);
  await createLogs(host, entry.spec.id);
  try {
    entry.cgroup = inUse(host.cgroups.create(entry.spec.id, entry.spec.limits));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new WorkerError("unsupported", `Cannot limit the job: ${error.message}`, { cause: error });
  }
}

/** Removes every trace of a job that never ran. */
export async function discard(host: Host, entry: Entry): Promise<void> {
  const { id } = entry.spec;
  host.registry.delete(entry);
  entry.whenEnded.resolve();
  await entry.cgroup?.remove();
  const folder = jobFolder(host.state, id);
  // First out of sight: of what loses its specification alone, because the daemon dies here, the next would take the rest for a damaged job.
  const hidden = await Deno.rename(folder, folder + REMOVED).then(() => folder + REMOVED, () => folder);
  // What is empty needs no descriptor, of which there may be none, to be removed.
  await Deno.remove(hidden).catch(() => removeAllIfThere(hidden));
  for (const stream of ["stdout", "stderr"] as const) await removeAllIfThere(logPath(host.state, id, stream));
}

/** Why the kernel makes no process: fork(2), execve(2), pipe(2). */
const SPAWN_REASONS: Readonly<Record<string, string>> = {
  // E2BIG: arguments and environment over a quarter of the stack limit, or one word over 128 KiB.
  7: "its arguments are too long for this host",
  // EAGAIN
  11: "the host has no process left to run it in",
  // ENOMEM
  12: "the host has no memory left to run it in",
  // ENFILE, EMFILE
  23: "the host has no file descriptor left",
  24: "the daemon has no file descriptor left",
};

function launchReason(spec: Spec, error: unknown): string {
  if (!(error instanceof Error)) throw error;
  const errno = /\(os error (\d+)\)/.exec(error.message)?.[1] ?? "";
  const reason = SPAWN_REASONS[errno];
  return reason === undefined ? error.message : `Cannot start "${spec.command}": ${reason}`;
}

/**
 * Which runner has claimed the job; null for none, and for one that died in the attempt and left the file empty.
 * @throws {DamageError} when it cannot be told.
 */
export function readClaim(host: Host, id: string): Process | null {
  const path = join(jobFolder(host.state, id), "runner.json");
  try {
    return readRecord(path, runnerSchema)?.record ?? null;
  } catch (error) {
    if (isEmptied(path)) return null;
    throw error;
  }
}

/**
 * Reads who runs the job, as its runner recorded it, and when it started.
 * @throws {DamageError} when that cannot be used.
 */
export function noteStart(host: Host, entry: Entry): void {
  // Who ran what has ended is of no use to anybody.
  if (entry.ended === null) entry.runner = readClaim(host, entry.spec.id);
  entry.started = readRecord(join(jobFolder(host.state, entry.spec.id), "started.json"), startedSchema);
}
