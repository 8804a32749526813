import { z } from "zod";

const count = z.int("must be a whole number").positive("must be above zero");
const weight = z.int("must be a whole number").min(1, "must be 1 to 10000").max(10_000, "must be 1 to 10000");

/** The limits of a job; what is absent is not limited. Sizes in bytes. */
export const limitsSchema = z.strictObject({
  /** Cores: 0.5 is half of one. */
  cpus: z.number().min(0.01, "must be at least 0.01").max(100_000, "must be at most 100000").exactOptional(),
  /** Share of the CPU when it is wanted by several; 100 is usual. */
  cpuWeight: weight.exactOptional(),
  /** Memory, swap included. A job that needs more is killed. */
  memoryBytes: count.min(65_536, "must be at least 64K").exactOptional(),
  /** Processes and threads. */
  pids: count.max(4_194_304).exactOptional(),
  readBytesPerSecond: count.exactOptional(),
  writeBytesPerSecond: count.exactOptional(),
  readOperationsPerSecond: count.exactOptional(),
  writeOperationsPerSecond: count.exactOptional(),
  /** Share of the disks when they are wanted by several; 100 is usual. */
  ioWeight: weight.exactOptional(),
});
/** See {@linkcode limitsSchema}. */
export type Limits = z.infer<typeof limitsSchema>;
