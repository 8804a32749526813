import { z } from "zod";

/** Body of `POST /v1/jobs/{id}/stop`; an empty body is one without fields. */
export const stopSchema = z.strictObject({
  /** Full name of the signal; `SIGTERM` by default. */
  signal: z.string().regex(/^SIG[A-Z0-9]+$/, 'must be a signal\'s full name such as "SIGTERM"').optional(),
  /** Seconds until what is left of the job is killed; 10 by default. */
  graceSeconds: z.number().min(0, "must not be below zero").max(86_400, "must be at most a day").optional(),
});
/** See {@linkcode stopSchema}. */
export type StopRequest = z.infer<typeof stopSchema>;
