import { type DamagedJob, describeDamaged } from "./damaged.ts";
import { WorkerError } from "./errors.ts";
import { endOfWaiting, type Host } from "./host.ts";
import { describe, type Job, type State, stateOf } from "./job.ts";
import type { Entry, SetAside } from "./registry.ts";
import { lengthOf } from "./long_words.ts";
import { inTurns } from "./turns.ts";

/** Which jobs to list; what is absent does not restrict. */
export interface ListOptions {
  /** Jobs in one of these. */
  readonly states?: readonly State[] | undefined;
  /** One owner's. */
  readonly owner?: string | undefined;
  /** Of this name. */
  readonly name?: string | undefined;
  /** A name, an id, or the beginning of an id, of at least {@linkcode MIN_ID_PREFIX} characters. */
  readonly reference?: string | undefined;
  /** At most so many; fewer where their arguments are very long. */
  readonly limit: number;
  /** Goes on after the page that gave this cursor, when the same owner was asked for. */
  readonly cursor?: number | undefined;
  /** Ends the listing, with its reason as error, when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Characters of an id with which a reference may begin it: fewer name whichever job happens to be there. */
const MIN_ID_PREFIX = 4;

/**
 * Characters of what was asked for, arguments above all, after which a page ends whatever its limit: a job can have a mebibyte of them, and
 * V8 makes no string of more than 512 MiB out of a thousand such jobs.
 */
const PAGE_TEXT = 4 * 2 ** 20;

/** A page of jobs, newest first, and where the next begins; null after the last. */
export interface Page {
  /** Newest first. */
  readonly jobs: readonly Job[];
  /** For the next page. */
  readonly cursor: number | null;
  /** Damaged ones, all of them on the first page. Their state is not known, so no state leaves them out. */
  readonly damaged: readonly DamagedJob[];
}

/**
 * Lists jobs in the order of their creation, newest first. A cursor is the last job's place in it, and stays that when the job is
 * removed: among the jobs of the owner who is asked for, since nothing of how many others there are may follow from it. Each job that runs
 * takes a millisecond of reading what the kernel has of it, and others get their turn meanwhile.
 * @throws {WorkerError} `closing` when the worker closes meanwhile; the reason of `signal` once that is aborted.
 */
export async function list(host: Host, options: ListOptions): Promise<Page> {
  const { states, limit, cursor = Infinity } = options;
  const signal = endOfWaiting(host, options.signal);
  signal.throwIfAborted();
  const jobs: Job[] = [];
  // Looked for at the end, for one of those that are listed may turn out to be damaged.
  const page = (cursor: number | null): Page => ({
    jobs,
    cursor,
    damaged: options.cursor === undefined ? listDamaged(host, options) : [],
  });
  let [last, text] = [0, 0];
  const placeOf = ({ spec, ownerSequence }: Entry) => options.owner === undefined ? spec.sequence : ownerSequence;
  const fitting = [...host.registry.values()].reverse().values()
    .filter((entry) => placeOf(entry) < cursor && fits({ id: entry.spec.id, spec: entry.spec }, options));
  for await (const entry of inTurns(fitting, signal)) {
    // It has been removed meanwhile.
    if (host.registry.get(entry.spec.id) !== entry) continue;
    // Before it is described, for which a dozen kernel files are read, or a mebibyte of arguments.
    if (states !== undefined && !states.includes(stateOf(entry))) continue;
    if (jobs.length === limit || text > PAGE_TEXT) return page(last);
    const job = describeUndamaged(entry);
    if (job === null) continue;
    jobs.push(job);
    last = placeOf(entry);
    text += textOf(job);
  }
  return page(null);
}

/** The job as it is now; null where it has just turned out to be damaged, which is to keep no others from being listed. */
function describeUndamaged(entry: Entry): Job | null {
  try {
    return describe(entry);
  } catch (error) {
    if (error instanceof WorkerError && error.refusal === "damaged") return null;
    throw error;
  }
}

function textOf({ command, args, cwd, envNames }: Job): number {
  return lengthOf([command, cwd]) + lengthOf(args) + lengthOf(envNames);
}

function listDamaged(host: Host, options: ListOptions): DamagedJob[] {
  return host.registry.allDamaged().filter((job) => fits(job, options)).map(describeDamaged).toArray();
}

function fits({ id, spec }: Pick<SetAside, "id" | "spec">, { owner, name, reference }: ListOptions): boolean {
  if (owner !== undefined && spec?.owner !== owner) return false;
  if (name !== undefined && spec?.name !== name) return false;
  if (reference === undefined || spec?.name === reference) return true;
  return reference.length >= MIN_ID_PREFIX && id.startsWith(reference);
}
