import { IDEMPOTENCY_KEY, idempotencyKeySchema, startSchema } from "../../contract/mod.ts";
import type { Handler } from "../context.ts";
import { readBody } from "../input.ts";
import { present } from "../present.ts";
import { ProblemError } from "../problem.ts";

/** `POST /v1/jobs`: starts a job. */
export const start: Handler = async (context, { worker, starts }) => {
  const key = context.req.header(IDEMPOTENCY_KEY);
  const idempotencyKey = idempotencyKeySchema.optional().safeParse(key);
  if (!idempotencyKey.success) {
    throw new ProblemError(
      400,
      `Cannot use the header "${IDEMPOTENCY_KEY}": it must be 1 to 128 visible ASCII characters`,
    );
  }
  const request = await readBody(context.req.raw, startSchema);
  const owner = context.env.caller.name;
  const begin = () => worker.start({ ...request, owner, idempotencyKey: idempotencyKey.data });
  const job = await starts.run(owner, begin, context.req.raw.signal);
  context.set("started", job);
  return context.json(present(job), 201, { Location: `/v1/jobs/${job.id}` });
};
