import { FIRST_OFFSET, OFFSET, outputSchema, STREAMS } from "../../contract/mod.ts";
import type { Handler } from "../context.ts";
import { readQuery } from "../input.ts";
import { ProblemError } from "../problem.ts";

/** `GET /v1/jobs/{id}/stdout` and `/stderr`: raw bytes, followed until the end on request. */
export const output: Handler = async (context, { worker, followers, searches }) => {
  const id = context.var.job;
  const stream = STREAMS.find((stream) => stream === context.req.param("stream"));
  if (stream === undefined) throw new ProblemError(404, "There is no such stream");
  const query = readQuery(context.req.raw, outputSchema);
  const { caller, breakOff } = context.env;
  const leave = query.follow ? followers.enter(caller.name, breakOff) : () => {};
  try {
    const { signal } = context.req.raw;
    const read = () => worker.output(id, stream, { ...query, signal, onClose: leave });
    const { offset, firstOffset, bytes } =
      await (query.tail === undefined ? read() : searches.run(caller.name, read, signal));
    return new Response(bytes, {
      headers: {
        "content-type": "application/octet-stream",
        "cache-control": "no-store",
        [OFFSET]: String(offset),
        [FIRST_OFFSET]: String(firstOffset),
      },
    });
  } catch (error) {
    leave();
    throw error;
  }
};
