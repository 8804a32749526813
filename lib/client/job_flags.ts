import type { z } from "zod";
import { object } from "@optique/core/constructs";
import { message, metavar } from "@optique/core/message";
import { optional } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, option } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { each, eachText, repeated } from "../base/join_repeated.ts";
import { oneOf } from "../base/one_of.ts";
import { type Limits, limitsSchema, type StartRequest, startSchema, STOP_SCOPES } from "../contract/mod.ts";
import { mergeDisks } from "./disks.ts";
import { parseCount, parseSize } from "../contract/units.ts";
import { UsageFailure } from "./failure.ts";
import {
  cores,
  duration,
  perDisk,
  size,
  sizeOrZero,
  softAndHard,
  text,
  variable,
  whole,
  wholeSeconds,
} from "./values.ts";

const weight = () => whole("1..10000", [1, 10_000], "100");
const count = (schema: z.ZodType) => whole("N", [1], "100", schema);
const request = startSchema.shape;
const limits = limitsSchema.shape;

/** The flags that say what to run and how, the same for `start` and `run`. */
export const jobFlags = object({
  name: optional(
    option("--name", text("NAME", request.name, "backup"), {
      description: message`A name for the job, unique among yours.`,
    }),
  ),
  env: repeated(
    option("--env", "-e", each(variable(request.env)), {
      description: message`A variable of its environment; may be given often.`,
    }),
  ),
  cwd: optional(
    option("--cwd", text("DIR", request.cwd, "/srv"), {
      description: message`The folder on the host that it runs in (/).`,
    }),
  ),
  timeout: optional(
    option("--timeout", duration(request.timeoutSeconds), {
      description: message`Stop it when it has run that long, such as 30s, 5m, 2h.`,
    }),
  ),
  stopScope: optional(
    option("--stop-scope", oneOf(STOP_SCOPES, "SCOPE"), {
      description:
        message`Who gets the signal of a stop: all its processes (all), or its main process, with which the others end (main).`,
    }),
  ),
  outputMax: optional(
    option("--output-max", size(request.outputMaxBytes), {
      description: message`Bytes kept of each of its streams, the newest.`,
    }),
  ),
  cpus: optional(option("--cpus", cores(limits.cpus), { description: message`Cores it may use, such as 0.5 or 50%.` })),
  cpuWeight: optional(
    option("--cpu-weight", weight(), { description: message`Its share when others want the CPU too; 100 is usual.` }),
  ),
  memory: optional(
    option("--memory", size(limits.memoryBytes), {
      description: message`Memory, swap included, such as 256M; beyond it the job is killed.`,
    }),
  ),
  memoryHigh: optional(
    option("--memory-high", size(limits.memoryHighBytes), {
      description: message`Memory beyond which it is slowed down and made to give some back.`,
    }),
  ),
  pids: optional(option("--pids", count(limits.pids), { description: message`Processes and threads it may have.` })),
  readBps: repeated(option("--read-bps", each(perDisk("SIZE", parseSize, "1M")), {
    description: message`Bytes a second it may read from each disk, or from one as DISK:SIZE; may be given often.`,
  })),
  writeBps: repeated(
    option("--write-bps", each(perDisk("SIZE", parseSize, "1M")), { description: message`The same for writes.` }),
  ),
  readIops: repeated(option("--read-iops", each(perDisk("N", parseCount, "100")), {
    description: message`Reads a second from each disk, or from one as DISK:N; may be given often.`,
  })),
  writeIops: repeated(
    option("--write-iops", each(perDisk("N", parseCount, "100")), { description: message`The same for writes.` }),
  ),
  ioWeight: optional(
    option("--io-weight", weight(), { description: message`Its share when others want the disk too; 100 is usual.` }),
  ),
  cpuTime: optional(
    option("--cpu-time", wholeSeconds(limits.cpuTimeSeconds), {
      description: message`CPU time of each of its processes; then SIGXCPU.`,
    }),
  ),
  addressSpace: optional(
    option("--address-space", size(limits.addressSpaceBytes), {
      description: message`Virtual memory of each of its processes.`,
    }),
  ),
  fileSize: optional(
    option("--file-size", size(limits.fileSizeBytes), {
      description: message`Size of each file it writes; then SIGXFSZ.`,
    }),
  ),
  openFiles: optional(
    option("--open-files", softAndHard(limits.openFiles), {
      description: message`Files that each of its processes may have open, and the most that it may raise that to.`,
    }),
  ),
  core: optional(
    option("--core", sizeOrZero(limits.coreBytes), { description: message`Size of its core dumps; 0 for none.` }),
  ),
  user: optional(
    option("--user", text("NAME", request.user, "nobody"), {
      description: message`The host's account that it runs as.`,
    }),
  ),
  words: repeated(
    argument(eachText(string({ metavar: "COMMAND" })), {
      description: message`The program and its arguments, after --.`,
    }),
    { min: 1, errors: { tooFew: message`Expected a ${metavar("COMMAND")}.` } },
  ),
});

/**
 * What the flags ask for, as the API takes it.
 * @throws {UsageFailure} when the program has no name.
 */
export function toRequest(flags: InferValue<typeof jobFlags>): StartRequest {
  const [command = "", ...args] = flags.words;
  if (command === "") throw new UsageFailure('Cannot use COMMAND "": it must not be empty');
  return {
    command,
    args,
    ...defined({
      name: flags.name,
      env: flags.env.length === 0 ? undefined : Object.fromEntries(flags.env),
      cwd: flags.cwd,
      timeoutSeconds: flags.timeout,
      // Version 0.1.0 of the daemon knows no such field.
      stopScope: flags.stopScope === "all" ? undefined : flags.stopScope,
      user: flags.user,
      outputMaxBytes: flags.outputMax,
    }),
    limits: toLimits(flags),
  };
}

function toLimits(flags: InferValue<typeof jobFlags>): Limits {
  return defined({
    cpus: flags.cpus,
    cpuWeight: flags.cpuWeight,
    memoryBytes: flags.memory,
    memoryHighBytes: flags.memoryHigh,
    pids: flags.pids,
    readBytesPerSecond: mergeDisks(flags.readBps),
    writeBytesPerSecond: mergeDisks(flags.writeBps),
    readOperationsPerSecond: mergeDisks(flags.readIops),
    writeOperationsPerSecond: mergeDisks(flags.writeIops),
    ioWeight: flags.ioWeight,
    cpuTimeSeconds: flags.cpuTime,
    addressSpaceBytes: flags.addressSpace,
    fileSizeBytes: flags.fileSize,
    openFiles: flags.openFiles,
    coreBytes: flags.core,
  });
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The same object without what is undefined. */
function defined<T extends object>(values: T): Defined<T> {
  const result: Defined<T> = {};
  for (const key in values) {
    const value = values[key];
    if (value !== undefined) Object.assign(result, { [key]: value });
  }
  return result;
}
