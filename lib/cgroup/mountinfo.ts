/** One mount of `/proc/self/mountinfo` (proc_pid_mountinfo(5)). */
export interface Mount {
  /** Directory of the file system that is seen at the mount point; not `/` for a bind mount or in a container. */
  readonly root: string;
  readonly mountPoint: string;
  /** File system type, like `cgroup2`. */
  readonly type: string;
  /** Options of the file system itself; among those of a v1 tree are its controllers. */
  readonly options: readonly string[];
  readonly readOnly: boolean;
}

/** A process's group in one tree, of `/proc/self/cgroup` (cgroups(7)). */
export interface Membership {
  /** v1 controllers of the tree; empty for v2. */
  readonly controllers: readonly string[];
  /** Path below the root of the tree, as seen from the reader's cgroup namespace: `/../…` is outside of that. */
  readonly path: string;
}

/** Parses `/proc/self/mountinfo`; lines of any other shape are passed over. */
export function parseMountinfo(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(" ");
    // A varying number of optional fields ends with a lone hyphen.
    const separator = fields.indexOf("-", 6);
    const [root, mountPoint, mountOptions] = fields.slice(3, 6);
    const [type, , options] = fields.slice(separator + 1);
    if (separator < 0 || root === undefined || mountPoint === undefined || type === undefined) return [];
    const superOptions = options?.split(",") ?? [];
    return [{
      root: unescapeOctal(root),
      mountPoint: unescapeOctal(mountPoint),
      type,
      options: superOptions,
      readOnly: superOptions.includes("ro") || (mountOptions?.split(",").includes("ro") ?? false),
    }];
  });
}

/** Parses `/proc/self/cgroup`; lines of any other shape are passed over. */
export function parseMemberships(text: string): Membership[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) return [];
    const [, controllers = "", path = ""] = match;
    return [{ controllers: controllers === "" ? [] : controllers.split(","), path }];
  });
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
