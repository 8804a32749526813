import { join } from "node:path";
import { setAside } from "./damaged.ts";
import { damagedError } from "./errors.ts";
import type { Host } from "./host.ts";
import { DamageError, readRecord } from "./read_record.ts";
import { type Spec, specSchema } from "./records.ts";
import { jobFolder } from "./state_folder.ts";

/** Characters of arguments and of names in the environment, as {@linkcode lengthOf} counts, that are kept in memory for a job. */
const MOST = 16 * 1024;
/** Characters that a word takes in JSON besides its own. A job can have a quarter of a million words without any. */
const QUOTES_AND_COMMA = 3;

/** How many characters words take. */
export function lengthOf(words: readonly string[]): number {
  return words.reduce((sum, { length }) => sum + length + QUOTES_AND_COMMA, 0);
}

/** What of a host it takes to read words again. */
type Words = Pick<Host, "state" | "registry" | "wakeups">;

/**
 * A job's specification without the words that make it long, which are read from its record whenever somebody wants them: a job can have
 * a mebibyte of them, and a host thousands of jobs. The record must be there. When it turns out to be damaged, the job is set aside, and
 * who wants the words gets a {@linkcode WorkerError} `damaged`.
 */
export function leaveLongWords(host: Words, spec: Spec): Spec {
  return lengthOf(spec.args) + lengthOf(spec.envNames) > MOST ? withoutWords(host, spec) : spec;
}

function withoutWords(host: Words, spec: Spec): Spec {
  const { args: _args, envNames: _names, ...rest } = spec;
  let read: Pick<Spec, "args" | "envNames"> | undefined;
  // Who describes the job takes both at once: the record is read once for that, and then let go of.
  const words = () => {
    if (read === undefined) {
      read = readWords(host, short);
      queueMicrotask(() => read = undefined);
    }
    return read;
  };
  const short: Spec = {
    ...rest,
    get args() {
      return words().args;
    },
    get envNames() {
      return words().envNames;
    },
  };
  return short;
}

function readWords(host: Words, spec: Spec): Pick<Spec, "args" | "envNames"> {
  const { id } = spec;
  try {
    // A job that is being removed has none any more.
    return readRecord(join(jobFolder(host.state, id), "spec.json"), specSchema)?.record ?? { args: [], envNames: [] };
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    if (host.registry.get(id) !== undefined) setAside(host, { id, spec }, error);
    throw damagedError({ id, reason: error.message });
  }
}
