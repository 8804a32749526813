import { startSchema } from "../../contract/mod.ts";
import type { Handler } from "../context.ts";
import { readBody, readIdempotencyKey } from "../input.ts";
import { present } from "../present.ts";

/** `POST /v1/jobs`: starts a job. */
export const start: Handler = async (context, { worker, starts }) => {
  const idempotencyKey = readIdempotencyKey(context.req.raw);
  const request = await readBody(context.req.raw, startSchema);
  const owner = context.env.caller.name;
  const begin = () => worker.start({ ...request, owner, idempotencyKey });
  const job = await starts.run(owner, begin, context.req.raw.signal);
  context.set("started", job);
  return context.json(present(job), 201, { Location: `/v1/jobs/${job.id}` });
};
