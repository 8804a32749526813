import { type JobList, listSchema } from "../../contract/mod.ts";
import type { Handler } from "../context.ts";
import { readQuery } from "../input.ts";
import { present } from "../present.ts";

/** `GET /v1/jobs`: a page of the jobs that the caller may see, newest first. */
export const list: Handler = async (context, { worker, lists }) => {
  const { state, name, owner, job, limit, cursor } = readQuery(context.req.raw, listSchema);
  const me = context.env.caller.name;
  const mine = context.var.access === "own";
  if (mine && owner !== undefined && owner !== me) {
    return context.json({ jobs: [], cursor: null, damaged: [] } satisfies JobList);
  }
  const { signal } = context.req.raw;
  const options = { states: state, name, owner: mine ? me : owner, reference: job, limit, cursor, signal };
  const page = await lists.run(me, () => worker.list(options), signal);
  const answer: JobList = {
    jobs: page.jobs.map(present),
    cursor: page.cursor === null ? null : String(page.cursor),
    damaged: page.damaged.map((job) => ({ ...job })),
  };
  return context.json(answer);
};
