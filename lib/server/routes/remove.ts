import { logger } from "../logger.ts";
import { type Handler, visibleJob } from "../context.ts";

/** `DELETE /v1/jobs/{id}`: stops the job if need be and removes its record and output. */
export const remove: Handler = async (context, { worker }) => {
  const id = visibleJob(context, worker);
  logger.info("{name} removes {id}", { name: context.env.caller.name, id });
  await worker.remove(id);
  return context.body(null, 204);
};
