import { z } from "zod";

/** The streams of a job. */
export const STREAMS = ["stdout", "stderr"] as const;
/** One of {@linkcode STREAMS}. */
export type Stream = typeof STREAMS[number];

/** Header of the answer: at which byte of the stream its body begins. */
export const OFFSET = "Teleworker-Offset";

/** Header of the answer: the first byte of the stream that is still there; what was before it is gone. */
export const FIRST_OFFSET = "Teleworker-First-Offset";

const whole = z.string().regex(/^\d{1,15}$/, "must be a whole number").transform(Number);

/** A switch in a query. */
export const switchSchema = z.enum(["true", "false"]).transform((value) => value === "true");

/** Query of `GET /v1/jobs/{id}/stdout` and `/stderr`. */
export const outputSchema = z.strictObject({
  /** From this byte on. */
  offset: whole.optional(),
  /** The last so many lines. */
  tail: whole.optional(),
  /** Until the job has ended and every byte is out. */
  follow: switchSchema.default(false),
}).refine(({ offset, tail }) => offset === undefined || tail === undefined, {
  path: ["tail"],
  error: "must not stand beside an offset",
});
/** See {@linkcode outputSchema}. */
export type OutputQuery = z.output<typeof outputSchema>;

/** Query of `GET /v1/jobs/{id}`. */
export const statusSchema = z.strictObject({
  /** Answer only when the job has ended. */
  wait: switchSchema.default(false),
});
