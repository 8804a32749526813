import { join } from "node:path";
import { readRecord } from "./read_record.ts";
import { type Spec, specSchema } from "./records.ts";
import { jobFolder, type StateFolder } from "./state_folder.ts";

/** Characters of arguments and of names in the environment, as {@linkcode lengthOf} counts, that are kept in memory for a job. */
const MOST = 16 * 1024;
/** Characters that a word takes in JSON besides its own. A job can have a quarter of a million words without any. */
const QUOTES_AND_COMMA = 3;

/** How many characters words take. */
export function lengthOf(words: readonly string[]): number {
  return words.reduce((sum, { length }) => sum + length + QUOTES_AND_COMMA, 0);
}

/**
 * A job's specification without the words that make it long, which are read from its record whenever somebody wants them: a job can have
 * a mebibyte of them, and a host thousands of jobs. The record must be there.
 */
export function leaveLongWords(state: StateFolder, spec: Spec): Spec {
  return lengthOf(spec.args) + lengthOf(spec.envNames) > MOST
    ? withoutWords(join(jobFolder(state, spec.id), "spec.json"), spec)
    : spec;
}

function withoutWords(path: string, spec: Spec): Spec {
  // A job that is being removed has none any more.
  const read = () => readRecord(path, specSchema)?.record ?? { args: [], envNames: [] };
  const { args: _args, envNames: _names, ...rest } = spec;
  return {
    ...rest,
    get args() {
      return read().args;
    },
    get envNames() {
      return read().envNames;
    },
  };
}
