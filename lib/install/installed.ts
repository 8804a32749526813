import { CONFIG, RUNTIME, STATE, UNIT } from "./layout.ts";
import { found } from "./plan.ts";

/** What `teleworkerd install` has put on this host. */
export interface Installed {
  /** The daemon's options. */
  readonly config: string;
  /** Directories that the unit has made before each start of the daemon. */
  readonly made: readonly string[];
}

/** Finds what is installed here; undefined if nothing is. */
export function findInstalled(): Installed | undefined {
  if (found(CONFIG) === null) return undefined;
  return { config: CONFIG, made: found(UNIT) === null ? [] : [RUNTIME, STATE] };
}
