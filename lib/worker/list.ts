import { type DamagedJob, describeDamaged } from "./damaged.ts";
import type { Host } from "./host.ts";
import { describe, type Job, type State } from "./job.ts";
import type { Entry, SetAside } from "./registry.ts";
import { inTurns } from "./turns.ts";

/** Characters of a page's jobs after which it ends: a thousand jobs may have a mebibyte of arguments each. */
const MOST_WORDS = 4 * 2 ** 20;

/** Which jobs to list; what is absent does not restrict. */
export interface ListOptions {
  /** Jobs in one of these. */
  readonly states?: readonly State[] | undefined;
  /** One owner's. */
  readonly owner?: string | undefined;
  /** Of this name. */
  readonly name?: string | undefined;
  /** A name, an id, or the beginning of an id. */
  readonly reference?: string | undefined;
  /** At most so many; fewer where they have many words. */
  readonly limit: number;
  /** Goes on after the page that gave this cursor, when the same owner was asked for. */
  readonly cursor?: number | undefined;
}

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
 * @throws {WorkerError} `closing` when the worker closes meanwhile.
 */
export async function list(host: Host, options: ListOptions): Promise<Page> {
  const { states, limit, cursor = Infinity } = options;
  const jobs: Job[] = [];
  const damaged = options.cursor === undefined ? listDamaged(host, options) : [];
  let last = 0;
  let words = 0;
  const placeOf = ({ spec, ownerSequence }: Entry) => options.owner === undefined ? spec.sequence : ownerSequence;
  const fitting = [...host.registry.values()].reverse().values()
    .filter((entry) => placeOf(entry) < cursor && fits({ id: entry.spec.id, spec: entry.spec }, options));
  for await (const entry of inTurns(fitting, host.closing)) {
    // It has been removed meanwhile.
    if (host.registry.get(entry.spec.id) !== entry) continue;
    // Before the state is asked for, since that may read a dozen kernel files.
    if (states !== undefined && entry.ended === null && !states.includes("running")) continue;
    if (jobs.length === limit || words >= MOST_WORDS) return { jobs, cursor: last, damaged };
    const job = describe(entry);
    if (states !== undefined && !states.includes(job.state)) continue;
    jobs.push(job);
    words += lengthOf(job);
    last = placeOf(entry);
  }
  return { jobs, cursor: null, damaged };
}

/** Characters of what its user said of it, as far as that is not bounded. */
function lengthOf({ args, envNames }: Job): number {
  let length = 0;
  for (const words of [args, envNames]) for (const word of words) length += word.length;
  return length;
}

function listDamaged(host: Host, options: ListOptions): DamagedJob[] {
  return host.registry.allDamaged().filter((job) => fits(job, options)).map(describeDamaged).toArray();
}

function fits({ id, spec }: Pick<SetAside, "id" | "spec">, { owner, name, reference }: ListOptions): boolean {
  if (owner !== undefined && spec?.owner !== owner) return false;
  if (name !== undefined && spec?.name !== name) return false;
  return reference === undefined || spec?.name === reference || id.startsWith(reference);
}
