import { join } from "node:path";
import type { Host } from "./host.ts";
import { readText } from "./read_record.ts";
import type { Entry } from "./registry.ts";
import { jobFolder } from "./state_folder.ts";

/**
 * Where bytes of a stream are missing: each offset is that of the first byte behind a gap. A drain that meets a full disk loses what
 * it had in its hands, at most 64 KiB; the job waits meanwhile.
 */
export interface Gaps {
  /** Offsets in bytes, ascending. */
  readonly stdout: readonly number[];
  /** Offsets in bytes, ascending. */
  readonly stderr: readonly number[];
}

/** Gaps out of the drains' lines, such as `stdout 4096`. A line that a crash tore is left out. */
export function parseGaps(lines: readonly string[]): Gaps {
  const gaps: Record<keyof Gaps, number[]> = { stdout: [], stderr: [] };
  for (const line of lines) {
    const [, stream, offset] = /^(stdout|stderr) (\d{1,15})$/.exec(line) ?? [];
    if (stream === "stdout" || stream === "stderr") gaps[stream].push(Number(offset));
  }
  return gaps;
}

/** Takes note of the gaps that the drains of a running job have told. */
export function noteGaps(host: Host, entry: Entry): void {
  const text = readText(join(jobFolder(host.state, entry.spec.id), "gaps"))?.record ?? "";
  entry.gaps = text.split("\n").filter((line) => line !== "");
}
