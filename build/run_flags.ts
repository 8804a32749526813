import { z } from "zod";
import config from "../deno.json" with { type: "json" };

/** The two programs: what they are called where they are installed, and the module and the task that they are made of. */
export const PROGRAMS = {
  teleworker: { module: "client.ts", task: "client" },
  teleworkerd: { module: "server.ts", task: "server" },
} as const;

/** Name of a program. */
export type ProgramName = keyof typeof PROGRAMS;

/**
 * The flags of `deno run` for a program: its permissions and what the engine is told. They stand in its task in deno.json alone, so
 * that a binary may do just what the same program may in a clone.
 */
export function runFlags(name: ProgramName): string[] {
  const { task } = PROGRAMS[name];
  const flags = /deno run ((?:--\S+ )+)/.exec(z.string().parse(config.tasks[task]))?.[1];
  if (flags === undefined) throw new Error(`Cannot read the flags of task "${task}": it runs nothing`);
  return flags.trim().split(" ");
}
