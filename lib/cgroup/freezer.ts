import { join } from "node:path";
import { hasFile, parseFlatKeyed, readLines, tryWrite } from "./kernel_files.ts";

/** Whether a group can be frozen: on v1 in the freezer's tree, on v2 anywhere since Linux 5.2. */
export function canFreeze(group: string): boolean {
  return hasFile(group, "freezer.state") || hasFile(group, "cgroup.freeze");
}

/** Freezes or thaws a group, where that can be done. A group below it that was frozen by itself stays frozen. */
export function freeze(group: string, frozen: boolean): void {
  if (hasFile(group, "freezer.state")) tryWrite(group, "freezer.state", frozen ? "FROZEN" : "THAWED");
  if (hasFile(group, "cgroup.freeze")) tryWrite(group, "cgroup.freeze", frozen ? "1" : "0");
}

/** Whether a group itself is frozen or about to be, whatever those above it are. */
export function isFrozenItself(group: string): boolean {
  return [readLines(join(group, "freezer.self_freezing")), readLines(join(group, "cgroup.freeze"))]
    .some((lines) => lines?.[0] === "1");
}

/** Whether processes of a group that is to be frozen still run; false also for one that is not to be frozen. */
export function isFreezing(group: string): boolean {
  if (readLines(join(group, "freezer.state"))?.[0] === "FREEZING") return true;
  if (readLines(join(group, "cgroup.freeze"))?.[0] !== "1") return false;
  return parseFlatKeyed(readLines(join(group, "cgroup.events")) ?? []).get("frozen") === 0;
}
