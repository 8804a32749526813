import type { Handler } from "../context.ts";

/** `DELETE /v1/jobs/{id}`: stops the job if need be and removes its record and output. */
export const remove: Handler = async (context, { worker }) => {
  const id = context.var.job;
  await worker.remove(id);
  return context.body(null, 204);
};
