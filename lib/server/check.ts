import { checkHost, type HostCheck } from "../worker/mod.ts";

/** `teleworkerd check`: prints what works on this host, what does not, and what to do about it. Exits with 1 if no job can run. */
export async function check(cgroupRoot: string, output: "text" | "json"): Promise<number> {
  const found = await checkHost({ cgroupRoot });
  console.log(output === "json" ? JSON.stringify(found) : describe(found).join("\n"));
  return found.works ? 0 : 1;
}

function describe({ works, cgroups, programs }: HostCheck): string[] {
  return [
    works ? "Jobs can run on this host." : "No job can run on this host.",
    "",
    "Programs",
    ...programs.flatMap(({ name, path, required, purpose, advice }) =>
      path !== null
        ? [`  ok   ${name} for ${purpose}: ${path}`]
        : [`  no   ${name}: without it ${required ? "no job can run" : `no ${purpose}`}`, `       ${advice}`]
    ),
    "",
    `Limits, on cgroups ${cgroups.mode}`,
    ...cgroups.trees.map(({ directory, controllers, delegated }) =>
      `       ${directory}: ${controllers.join(", ") || "no controller"}${delegated ? " (in a group given to us)" : ""}`
    ),
    ...cgroups.limits.flatMap(({ name, works, reason, advice, note }) => [
      `  ${works ? "ok  " : "no  "} ${name}${reason === null ? "" : `: ${reason}`}`,
      ...(advice === null ? [] : [`       ${advice}`]),
      ...(note === null ? [] : [`       ${note}`]),
    ]),
  ];
}
