import type { Spec } from "./records.ts";

/** Says what could not be set where prlimit(1) or setpriv(1) did not become the job's shell; of which of them, no one tells. */
export function prefixFailure({ limits, user }: Pick<Spec, "limits" | "user">): string {
  const { cpuTimeSeconds, addressSpaceBytes, fileSizeBytes, openFiles, coreBytes } = limits;
  const files = typeof openFiles === "object" ? `${openFiles.soft}:${openFiles.hard}` : openFiles;
  const named = Object.entries({
    "CPU time": cpuTimeSeconds,
    "address space": addressSpaceBytes,
    "size of files": fileSizeBytes,
    "open files": files,
    "core dumps": coreBytes,
  });
  const set = named.flatMap(([name, value]) => value === undefined ? [] : [`${name} ${value}`]);
  const tried = [
    ...(set.length === 0 ? [] : [`its limits (${set.join(", ")})`]),
    ...(user === null ? [] : [`its user "${user}"`]),
  ];
  const failed = `${tried.join(" or ") || "its limits or its user"} could not be set`;
  if (addressSpaceBytes === undefined) return failed;
  return `${failed}: ${addressSpaceBytes} bytes of address space may be too few for a program to start; ask for more`;
}
