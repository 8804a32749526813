import type { RouteName } from "../contract/mod.ts";
import type { Role } from "../pki/role.ts";

/** How far a role may go on a route: to every job, to its own jobs only, or not at all. */
export type Access = "any" | "own" | "none";

/**
 * Who may do what: the whole of it. A route that is not here does not compile, a role that is not here gets nothing.
 * An operator's "own" hides everyone else's jobs as if there were none.
 */
export const ACCESS: Readonly<Record<RouteName, Readonly<Record<Role, Access>>>> = {
  //          everything   looks, changes nothing   starts jobs, minds its own
  health: /* */ { admin: "any", user: "any", operator: "any" },
  version: /**/ { admin: "any", user: "any", operator: "any" },
  start: /*  */ { admin: "any", user: "none", operator: "any" },
  list: /*   */ { admin: "any", user: "any", operator: "own" },
  status: /* */ { admin: "any", user: "any", operator: "own" },
  output: /* */ { admin: "any", user: "any", operator: "own" },
  stop: /*   */ { admin: "any", user: "none", operator: "own" },
  remove: /* */ { admin: "any", user: "none", operator: "own" },
};

/** What a role may do on a route. */
export function accessOf(role: Role, route: RouteName): Access {
  return ACCESS[route][role] ?? "none";
}
