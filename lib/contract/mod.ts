/**
 * What travels between client and server: calls, bodies, queries, headers, problems.
 * @module
 */
export * from "./issue.ts";
export * from "./job.ts";
export * from "./limits.ts";
export * from "./list.ts";
export * from "./output.ts";
export * from "./problem.ts";
export * from "./routes.ts";
export * from "./start.ts";
export * from "./stop.ts";
export * from "./units.ts";
export * from "./version.ts";
