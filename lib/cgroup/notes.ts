import { join } from "node:path";
import { type Disk, wholeDisks } from "./disks.ts";
import { filesOf, type Found } from "./found.ts";
import { readLines } from "./kernel_files.ts";
import type { Limit } from "./limits.ts";

/** What is to be known of a limit that works, but not wholly; null if there is nothing. */
export function noteOn(found: Found, limit: Limit): string | null {
  switch (limit) {
    case "writeBytesPerSecond":
    case "writeOperationsPerSecond":
      return found.mode === "v2"
        ? noteOnWriteback(found)
        : "Buffered writes escape it: on v1 the kernel writes the page " +
          "cache back in nobody's name. It holds direct and synchronous writes; for all of them boot with cgroup v2";
    case "memoryBytes":
      return noteOnSwap(found);
    case "ioWeight":
      return noteOnWeights(found);
    default:
      return null;
  }
}

/** Page cache has an owner only where there is a memory controller, and all of a file has one ("Writeback" in cgroup-v2.rst). */
function noteOnWriteback(found: Found): string {
  return filesOf(found, "memoryBytes").length === 0
    ? "Buffered writes escape it without a memory controller"
    : "Buffered writes to a file that another group began to write count for that group, until the kernel notices";
}

function noteOnSwap(found: Found): string | null {
  const [memory] = filesOf(found, "memoryBytes");
  const swap = found.mode === "v2" ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
  return memory === undefined || memory.hierarchy.files.has(swap)
    ? null
    : "Swap is not counted: this kernel does without swap accounting (CONFIG_SWAP, swapaccount=1)";
}

function noteOnWeights(found: Found): string | null {
  const files = filesOf(found, "ioWeight").flatMap(({ hierarchy, files }) =>
    files.map((file) => ({ file, hierarchy }))
  );
  const byScheduler = files.some(({ file }) => file !== "io.weight");
  const cost = files.find(({ file }) => file === "io.weight");
  const qos = cost === undefined ? null : join(cost.hierarchy.mountPoint, "io.cost.qos");
  const costed = parseCostDisks(qos === null ? [] : readLines(qos) ?? []);
  const deaf = schedulers().filter(({ number, active }) =>
    !(byScheduler && (active === "bfq" || active === "cfq")) && !costed.includes(number)
  );
  const [first] = deaf;
  if (first === undefined) return null;
  const ways = [
    ...(byScheduler ? [`echo bfq >/sys/block/${first.name}/queue/scheduler`] : []),
    ...(qos === null ? [] : [`echo "${first.number} enable=1" >${qos}`]),
  ];
  const disks = deaf.map(({ name, active }) => `${name} (${active})`).join(", ");
  return `It does not bind on disks whose scheduler knows no weights: ${disks}. To change that: ${ways.join(", or ")}`;
}

/** The schedulers of those disks that can have one; a disk made of others (LVM, RAID) leaves that to them. */
function schedulers(): (Disk & { readonly active: string })[] {
  return wholeDisks().flatMap((disk) => {
    const folder = disk.name.replaceAll("/", "!");
    const active = parseScheduler(readLines(join("/sys/block", folder, "queue/scheduler"))?.[0] ?? "");
    return active === null ? [] : [{ ...disk, active }];
  });
}

/** The scheduler in brackets of `none [mq-deadline] kyber bfq`; null where there is no choice. */
export function parseScheduler(line: string): string | null {
  return /\[([\w-]+)\]/.exec(line)?.[1] ?? null;
}

/** The numbers of the disks for which io.cost is on, of lines like `8:16 enable=1 ctrl=auto …`. */
export function parseCostDisks(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^(\d+:\d+) .*\benable=1\b/.exec(line)?.[1] ?? []);
}
