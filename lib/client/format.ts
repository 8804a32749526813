import { z } from "zod";
import { columnsOf, padColumns } from "../base/columns.ts";
import { type DamagedJob, type Job, type Stream, STREAMS } from "../contract/mod.ts";
import { clean, type Terminal } from "./terminal.ts";
import { formatDuration, formatSize } from "../contract/units.ts";

/** A state of a newer server has none. */
const COLOURS: ReadonlyMap<string, number> = new Map([
  ["running", 32],
  ["signaled", 33],
  ["stopped", 33],
  ["failed", 31],
  ["lost", 31],
]);

/** How a job is, in a few words: `exited 3`, `signaled SIGKILL, out of memory`. */
export function describeState(job: Job): string {
  const how = job.signal ?? (job.exitCode === null ? "" : String(job.exitCode));
  return clean(`${job.state} ${how}`.trim()) + (job.outOfMemory ? ", out of memory" : "");
}

/** What is to be told of a damaged job, in a sentence. */
export function describeDamaged({ id, owner, reason }: DamagedJob): string {
  return `Job ${id} of ${owner ?? "an unknown owner"} is damaged: ${reason}`;
}

/** The command as one could type it. */
export function describeCommand({ command, args }: Job): string {
  return [command, ...args].map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
    .join(" ");
}

/** Colours a job's state. */
export function paint(text: string, job: Job, { colour }: Terminal): string {
  const code = job.state === "exited" && job.exitCode !== 0 ? 31 : COLOURS.get(job.state) ?? 0;
  return colour && code !== 0 ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** A table with aligned columns, the first row its head. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => widths[column] = Math.max(widths[column] ?? 0, columnsOf(cell)));
  }
  return rows.map((row) => row.map((cell, column) => padColumns(cell, widths[column] ?? 0)).join("  ").trimEnd());
}

type Limit = readonly [name: string, format: (value: number) => string];

const LIMITS: ReadonlyMap<string, Limit> = new Map(Object.entries<Limit>({
  cpus: ["cpus", String],
  cpuWeight: ["cpu weight", String],
  memoryBytes: ["memory", formatSize],
  memoryHighBytes: ["memory high", formatSize],
  pids: ["processes", String],
  readBytesPerSecond: ["reads", (value) => `${formatSize(value)}/s`],
  writeBytesPerSecond: ["writes", (value) => `${formatSize(value)}/s`],
  readOperationsPerSecond: ["read operations", (value) => `${value}/s`],
  writeOperationsPerSecond: ["write operations", (value) => `${value}/s`],
  ioWeight: ["io weight", String],
  cpuTimeSeconds: ["cpu time", formatDuration],
  addressSpaceBytes: ["address space", formatSize],
  fileSizeBytes: ["file size", formatSize],
  openFiles: ["open files", String],
  coreBytes: ["core", formatSize],
}));

/** A limit of single disks, or a soft and a hard one. */
const numbersSchema = z.record(z.string(), z.number());

/** A job's limits in a line; null when it has none. */
export function describeLimits({ limits }: Job): string | null {
  const parts = Object.entries(limits).flatMap(([key, value]) => {
    if (value === null) return [];
    const [name, format] = LIMITS.get(key) ?? [key, String];
    if (typeof value === "number") return [`${name} ${format(value)}`];
    const numbers = numbersSchema.safeParse(value).data;
    // A newer server's, as it is.
    if (numbers === undefined) return [`${name} ${JSON.stringify(value)}`];
    if (key === "openFiles") return [`${name} ${numbers["soft"]}:${numbers["hard"]}`];
    return Object.entries(numbers).map(([disk, value]) => `${name} of ${disk} ${format(value)}`);
  });
  return parts.length === 0 ? null : parts.join(", ");
}

/** What a job used, in a line; null when the host cannot tell. */
export function describeUsage({ usage }: Job): string | null {
  const parts: string[] = [];
  const add = (value: number | null, text: (value: number) => string) => {
    if (value !== null) parts.push(text(value));
  };
  add(usage.cpuSeconds, (value) => `cpu ${formatDuration(value)}`);
  add(usage.cpuThrottledSeconds, (value) => `throttled ${formatDuration(value)}`);
  add(usage.memoryBytes, (value) => `memory ${formatSize(value)}`);
  add(usage.memoryPeakBytes, (value) => `peak ${formatSize(value)}`);
  add(usage.readBytes, (value) => `read ${formatSize(value)}`);
  add(usage.writtenBytes, (value) => `written ${formatSize(value)}`);
  add(usage.processes, (value) => `processes ${value}`);
  add(usage.processesPeak, (value) => `most processes ${value}`);
  return parts.length === 0 ? null : parts.join(", ");
}

/** What is missing of a job's output, a clause a place. */
export function describeGaps({ gaps }: Job): string[] {
  return STREAMS.flatMap((stream) =>
    gaps[stream].map((offset) => `some of its ${stream} is missing before byte ${offset}: the host's disk was full`)
  );
}

/** How long a job ran; null when that is not known. The host counts in hundredths of a second. */
export function describeDuration({ durationSeconds }: Job): string | null {
  return durationSeconds === 0 ? "<10ms" : durationSeconds === null ? null : formatDuration(durationSeconds);
}

/** How much of a job's output is kept, and how much is gone. */
function describeCap({ outputMaxBytes }: Job, gone: Readonly<Record<Stream, number>>): string {
  const lost = STREAMS.filter((stream) => gone[stream] > 0)
    .map((stream) => `; the oldest ${formatSize(gone[stream])} of its ${stream} are gone`);
  return `the newest ${formatSize(outputMaxBytes)} of each stream${lost.join("")}`;
}

/**
 * All of a job for a person, a line a fact.
 * @param gone how many bytes of each stream are gone.
 */
export function formatJob(job: Job, terminal: Terminal, gone: Readonly<Record<Stream, number>>): string[] {
  const facts: readonly (readonly [string, string | null])[] = [
    ["id", job.id],
    ["name", job.name],
    ["owner", job.owner],
    ["command", describeCommand(job)],
    ["user", job.user],
    ["folder", job.cwd],
    ["environment", job.envNames.length === 0 ? null : job.envNames.join(" ")],
    ["state", paint(describeState(job), job, terminal)],
    ["reason", job.reason],
    ["pid", job.pid === null ? null : String(job.pid)],
    ["created", job.createdAt],
    ["started", job.startedAt],
    ["ended", job.endedAt],
    ["ran for", describeDuration(job)],
    ["timeout", job.timeoutSeconds === null ? null : formatDuration(job.timeoutSeconds)],
    ["stop scope", job.stopScope === "all" ? null : job.stopScope],
    ["limits", describeLimits(job)],
    ["used", describeUsage(job)],
    ["kept", describeCap(job, gone)],
    ...describeGaps(job).map((gap) => ["output", gap] as const),
  ];
  return facts.flatMap(([name, value]) =>
    value === null ? [] : [`${name.padEnd(12)}${name === "state" ? value : clean(value)}`]
  );
}
