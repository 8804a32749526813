// Looks for cgroups in a process of its own, for tests of where that may sit: prints a `FoundElsewhere` of helpers.ts as JSON.
import { detectCgroups } from "../../lib/cgroup/mod.ts";

const [name = ""] = Deno.args;
const cgroups = detectCgroups({ name });
const { mode, controllers, reason } = cgroups;
const group = cgroups.create(crypto.randomUUID(), {});
await group.remove();
const memberships = Deno.readTextFileSync("/proc/self/cgroup");
console.log(JSON.stringify({ mode, controllers, reason, directories: group.directories, memberships }));
