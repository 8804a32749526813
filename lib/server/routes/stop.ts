import { stopSchema } from "../../contract/mod.ts";
import { isSignal } from "../../worker/mod.ts";
import type { Handler } from "../context.ts";
import { readBody, readIdempotencyKey } from "../input.ts";
import { present } from "../present.ts";
import { ProblemError } from "../problem.ts";

/** `POST /v1/jobs/{id}/stop`: answers with the job once it has ended. */
export const stop: Handler = async (context, { worker }) => {
  const id = context.var.job;
  const idempotencyKey = readIdempotencyKey(context.req.raw);
  const { signal, graceSeconds } = await readBody(context.req.raw, stopSchema);
  if (signal !== undefined && !isSignal(signal)) throw new ProblemError(400, `Cannot send "${signal}": no such signal`);
  return context.json(present(await worker.stop(id, { signal, graceSeconds, idempotencyKey })));
};
