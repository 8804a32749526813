import { canFreeze, freeze, isFreezing, isFrozenItself } from "./freezer.ts";
import { processesIn, sendSignal } from "./processes.ts";
import { until } from "./wait.ts";

/** How long to wait until every process is frozen, in milliseconds: one that waits for a dead disk never is. */
const FREEZE_TIMEOUT_MS = 100;
/** How often to list processes that may not be frozen yet: forks that are under way end with a child. */
const MAX_ROUNDS = 10;

/**
 * Sends a signal once to every process in the groups and those below them.
 *
 * They are frozen meanwhile, where the kernel can do that: no process that is forked while the list is read is missed, and none that
 * the handler of a signal forks, such as to clean up, is signalled, for a handler runs once its process is thawed. Groups that
 * someone else froze stay frozen.
 *
 * @returns The IDs of those that this process may not signal.
 */
export async function signalAll(directories: readonly string[], signal: Deno.Signal): Promise<number[]> {
  const freezer = directories.find(canFreeze);
  const ours = freezer !== undefined && !isFrozenItself(freezer);
  if (ours) freeze(freezer, true);
  try {
    if (freezer !== undefined) await until(() => !isFreezing(freezer), FREEZE_TIMEOUT_MS);
    return signalEach(directories, signal, freezer !== undefined && isFrozenItself(freezer) ? MAX_ROUNDS : 1);
  } finally {
    if (ours) freeze(freezer, false);
  }
}

function signalEach(directories: readonly string[], signal: Deno.Signal, rounds: number): number[] {
  const signalled = new Set<number>();
  const refused: number[] = [];
  for (let found = true, round = 0; found && round < rounds; round++) {
    const pids = processesIn(directories).filter((pid) => !signalled.has(pid));
    found = pids.length > 0;
    for (const pid of pids) {
      signalled.add(pid);
      if (!sendSignal(pid, signal)) refused.push(pid);
    }
  }
  return refused;
}
