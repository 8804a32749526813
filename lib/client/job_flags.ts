import { object } from "@optique/core/constructs";
import { message, metavar } from "@optique/core/message";
import { multiple, optional } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, option } from "@optique/core/primitives";
import { integer, string } from "@optique/core/valueparser";
import type { Limits, StartRequest } from "../contract/mod.ts";
import { cores, duration, size, variable } from "./values.ts";

const weight = () => integer({ metavar: "1..10000", min: 1, max: 10_000 });
const count = () => integer({ metavar: "N", min: 1 });

/** The flags that say what to run and how, the same for `start` and `run`. */
export const jobFlags = object({
  name: optional(
    option("--name", string({ metavar: "NAME" }), { description: message`A name for the job, unique among yours.` }),
  ),
  env: multiple(
    option("--env", "-e", variable(), { description: message`A variable of its environment; may be given often.` }),
  ),
  cwd: optional(
    option("--cwd", string({ metavar: "DIR" }), { description: message`The folder on the host that it runs in (/).` }),
  ),
  timeout: optional(
    option("--timeout", duration(), { description: message`Stop it when it has run that long, such as 30s, 5m, 2h.` }),
  ),
  cpus: optional(option("--cpus", cores(), { description: message`Cores it may use, such as 0.5 or 50%.` })),
  cpuWeight: optional(
    option("--cpu-weight", weight(), { description: message`Its share when others want the CPU too; 100 is usual.` }),
  ),
  memory: optional(
    option("--memory", size(), {
      description: message`Memory, swap included, such as 256M; beyond it the job is killed.`,
    }),
  ),
  pids: optional(option("--pids", count(), { description: message`Processes and threads it may have.` })),
  readBps: optional(option("--read-bps", size(), { description: message`Bytes a second it may read from each disk.` })),
  writeBps: optional(
    option("--write-bps", size(), { description: message`Bytes a second it may write to each disk.` }),
  ),
  readIops: optional(option("--read-iops", count(), { description: message`Reads a second from each disk.` })),
  writeIops: optional(option("--write-iops", count(), { description: message`Writes a second to each disk.` })),
  ioWeight: optional(
    option("--io-weight", weight(), { description: message`Its share when others want the disk too; 100 is usual.` }),
  ),
  words: multiple(
    argument(string({ metavar: "COMMAND" }), { description: message`The program and its arguments, after --.` }),
    { min: 1, errors: { tooFew: message`Expected a ${metavar("COMMAND")}.` } },
  ),
});

/** What the flags ask for, as the API takes it. */
export function toRequest(flags: InferValue<typeof jobFlags>): StartRequest {
  const [command = "", ...args] = flags.words;
  return {
    command,
    args,
    ...defined({
      name: flags.name,
      env: flags.env.length === 0 ? undefined : Object.fromEntries(flags.env),
      cwd: flags.cwd,
      timeoutSeconds: flags.timeout,
    }),
    limits: toLimits(flags),
  };
}

function toLimits(flags: InferValue<typeof jobFlags>): Limits {
  return defined({
    cpus: flags.cpus,
    cpuWeight: flags.cpuWeight,
    memoryBytes: flags.memory,
    pids: flags.pids,
    readBytesPerSecond: flags.readBps,
    writeBytesPerSecond: flags.writeBps,
    readOperationsPerSecond: flags.readIops,
    writeOperationsPerSecond: flags.writeIops,
    ioWeight: flags.ioWeight,
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
