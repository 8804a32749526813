import { hasEnded, type Job, statusSchema } from "../../contract/mod.ts";
import type { Handler } from "../context.ts";
import { readQuery } from "../input.ts";
import { present } from "../present.ts";

/** `GET /v1/jobs/{id}`: the job as it is, or with `?wait=true` once it has ended. */
export const status: Handler = (context, { worker, followers }) => {
  const id = context.var.job;
  const { wait } = readQuery(context.req.raw, statusSchema);
  // Also before a wait, for a damaged job is to be told by the answer's status, which goes out before the body.
  const now = present(worker.status(id));
  if (!wait || hasEnded(now)) return context.json(now);
  const leave = followers.enter(context.env.caller.name, context.env.breakOff);
  const job = async (signal: AbortSignal) => present(await worker.wait(id, signal));
  return new Response(later(job, leave), { headers: { "content-type": "application/json" } });
};

/** A body that comes when the job has ended. As a stream, because that is told at once when its reader has gone. */
function later(job: (signal: AbortSignal) => Promise<Job>, leave: () => void): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  return new ReadableStream({
    async pull(controller) {
      try {
        const ended = await job(gone.signal);
        if (gone.signal.aborted) return;
        controller.enqueue(new TextEncoder().encode(JSON.stringify(ended)));
        controller.close();
      } finally {
        leave();
      }
    },
    cancel() {
      gone.abort();
      // Its reader may have gone before it asked for the first byte.
      leave();
    },
  }, { highWaterMark: 0 });
}
