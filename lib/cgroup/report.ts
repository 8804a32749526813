import { dirname, join } from "node:path";
import { adviceOn } from "./advice.ts";
import type { Controller } from "./controller.ts";
import { wholeDisks } from "./disks.ts";
import { filesOf, type Found, whyMissing } from "./found.ts";
import { allLimits, isDiskLimit, type Limit, LIMIT_NAMES } from "./limits.ts";
import type { Mode } from "./locate.ts";
import { noteOn } from "./notes.ts";

/** What a host's cgroups can do, limit by limit. */
export interface Report {
  /** Which trees the host has. */
  readonly mode: Mode;
  /** Why no limit is available, in a sentence; null if some are. */
  readonly reason: string | null;
  /** The trees in which jobs get groups. */
  readonly trees: readonly TreeReport[];
  /** Every limit that there is. */
  readonly limits: readonly LimitReport[];
}

/** One tree that is used. */
export interface TreeReport {
  /** Where it is mounted. */
  readonly mountPoint: string;
  /** The group in which ours is: the mount point, or a group below it. */
  readonly group: string;
  /** Whether that group was given to us, like a container's or a unit's; if not, it is the root of the tree. */
  readonly delegated: boolean;
  /** Our own group, in which each job gets one. */
  readonly directory: string;
  /** Its controllers of which jobs have a use, in the kernel's names. */
  readonly controllers: readonly string[];
}

/** One limit. */
export interface LimitReport {
  /** Its name among the limits of a job. */
  readonly limit: Limit;
  /** What people call it. */
  readonly name: string;
  /** Whether it can be enforced. */
  readonly works: boolean;
  /** The files that it goes to, with `*` for the job; empty where there are none. */
  readonly files: readonly string[];
  /** Why it does not work, in words that follow a colon; null if it does. */
  readonly reason: string | null;
  /** What would make it work, in a sentence; null if it does, or nothing would. */
  readonly advice: string | null;
  /** Where it works, but not wholly: how, and what to do about it; null if there is nothing to say. */
  readonly note: string | null;
}

/** Reports on what was found; `reason` is why no limit is available. */
export function makeReport(found: Found, reason: string | null): Report {
  return {
    mode: found.mode,
    reason,
    trees: found.hierarchies.map(({ mountPoint, root, delegated, controllers, files }) => ({
      mountPoint,
      group: dirname(root),
      delegated,
      directory: root,
      controllers: controllers.filter((controller) => isThere(controller, files)).map(({ name }) => name),
    })),
    limits: allLimits().map((limit) => reportOn(found, limit, reason)),
  };
}

/** A controller without files to speak of, the freezer, is only among those of trees that have it. */
function isThere({ enforces, usageFiles }: Controller, files: ReadonlySet<string>): boolean {
  const candidates = [...Object.values(enforces), ...usageFiles].flat();
  return candidates.length === 0 || candidates.some((file) => files.has(file));
}

function reportOn(found: Found, limit: Limit, none: string | null): LimitReport {
  const missing = none ?? whyMissing(found, limit);
  const noDisk = isDiskLimit(limit) && wholeDisks().length === 0 ? "this host has no disk of its own" : null;
  const reason = missing ?? noDisk;
  return {
    limit,
    name: LIMIT_NAMES[limit],
    works: reason === null,
    files: filesOf(found, limit).flatMap(({ hierarchy, files }) =>
      files.map((file) => join(hierarchy.root, "*", file))
    ),
    reason,
    advice: missing === null ? null : adviceOn(found, limit),
    note: reason === null ? noteOn(found, limit) : null,
  };
}
