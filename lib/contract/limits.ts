import { z } from "zod";
import { recordOf } from "./record.ts";

const count = z.int("must be a whole number").positive("must be above zero");
const weight = z.int("must be a whole number").min(1, "must be 1 to 10000").max(10_000, "must be 1 to 10000");
const diskName = z.string().min(1, "must not be empty").refine(
  (name) => name.isWellFormed(),
  "must be well-formed Unicode",
);
/** A limit on every disk, or on single ones: by name, by `MAJ:MIN`, or by the path of a file on them. */
const disks = z.union(
  [count, recordOf(diskName, count)],
  "must be a positive whole number, or one for each of several disks",
);

const files = count.min(20, "must be at least 20").max(2 ** 30, "must be at most 1073741824");
/** A soft limit of open files, and a hard one that it may be raised to. */
const softAndHard = z.strictObject({ soft: files, hard: files })
  .refine(({ soft, hard }) => soft <= hard, "must have a soft limit that is not above the hard one");

/** A limit of open files: one number for both, or each by itself. */
const openFiles = z.union([files, softAndHard], 'must be a whole number, or {"soft": N, "hard": N}');

/** The limits of a job; what is absent is not limited. Sizes in bytes. */
export const limitsSchema = z.strictObject({
  /** Cores: 0.5 is half of one. */
  cpus: z.number("must be a number").min(0.01, "must be at least 0.01").max(100_000, "must be at most 100000")
    .exactOptional(),
  /** Share of the CPU when it is wanted by several; 100 is usual. */
  cpuWeight: weight.exactOptional(),
  /** Memory, swap included. A job that needs more is killed. */
  memoryBytes: count.min(65_536, "must be at least 64K").exactOptional(),
  /** Memory beyond which the job is slowed down and made to give some back. */
  memoryHighBytes: count.min(65_536, "must be at least 64K").exactOptional(),
  /** Processes and threads. */
  pids: count.max(4_194_304, "must be at most 4194304").exactOptional(),
  readBytesPerSecond: disks.exactOptional(),
  writeBytesPerSecond: disks.exactOptional(),
  readOperationsPerSecond: disks.exactOptional(),
  writeOperationsPerSecond: disks.exactOptional(),
  /** Share of the disks when they are wanted by several; 100 is usual. */
  ioWeight: weight.exactOptional(),
  /** CPU seconds of each process. */
  cpuTimeSeconds: count.max(2 ** 32, "must be at most 4294967296").exactOptional(),
  /** Virtual memory of each process. */
  addressSpaceBytes: count.min(2 ** 20, "must be at least 1M").exactOptional(),
  /** Size of each file. */
  fileSizeBytes: count.min(1024, "must be at least 1K").exactOptional(),
  /** Open files of each process; with less no shell can become the program. */
  openFiles: openFiles.exactOptional(),
  /** Size of a core dump; 0 for none. */
  coreBytes: z.int("must be a whole number").nonnegative("must not be below zero").exactOptional(),
});
/** See {@linkcode limitsSchema}. */
export type Limits = z.infer<typeof limitsSchema>;

/** Limits of a whole host, such as its defaults and maxima: each disk limit is one number for every disk. */
export const hostLimitsSchema = limitsSchema.extend({
  readBytesPerSecond: count.exactOptional(),
  writeBytesPerSecond: count.exactOptional(),
  readOperationsPerSecond: count.exactOptional(),
  writeOperationsPerSecond: count.exactOptional(),
});
