import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import { command, constant } from "@optique/core/primitives";
import { CONCURRENT_REQUESTS, mapConcurrently } from "../concurrently.ts";
import type { Session } from "../session.ts";
import { print, printJson } from "../terminal.ts";
import { CHANGED, jobArguments } from "./status.ts";

/** `teleworker remove`. */
export const removeCommand = command(
  "remove",
  object({ verb: constant("remove"), jobs: jobArguments("<jobs>", CHANGED) }),
  {
    aliases: ["rm"],
    brief: message`Remove jobs with their records and output; stop them before, if need be.`,
    footer: message`Example: teleworker remove backup`,
  },
);

/** Removes jobs; prints the id of each, as a field of an object if that is asked for. */
export async function remove(flags: InferValue<typeof removeCommand>, { api, terminal }: Session): Promise<number> {
  const ids = await mapConcurrently(flags.jobs, CONCURRENT_REQUESTS, (reference) => api.findId(reference, "change"));
  for (const id of ids) {
    await api.send(`/v1/jobs/${id}`, { method: "DELETE" });
    await (terminal.json ? printJson({ id }) : print(id));
  }
  return 0;
}
