import { type Handler, visibleJob } from "../context.ts";

/** `DELETE /v1/jobs/{id}`: stops the job if need be and removes its record and output. */
export const remove: Handler = async (context, { worker }) => {
  await worker.remove(visibleJob(context, worker));
  return context.body(null, 204);
};
