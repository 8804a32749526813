import { z } from "zod";
import { limitsSchema } from "./limits.ts";
import { recordOf } from "./record.ts";

/** Header of a start or stop that may be sent again without starting a second job, or sending a second signal. */
export const IDEMPOTENCY_KEY = "Idempotency-Key";
/** An idempotency key: visible ASCII. */
export const idempotencyKeySchema = z.string().regex(
  /^[\x21-\x7e]{1,128}$/,
  "must be 1 to 128 visible ASCII characters",
);

/** Most bytes that the body of a request may have. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Text that a process can be given: execve(2) ends its strings at a NUL, and half a surrogate pair has no UTF-8. */
const text = z.string().refine((value) => !value.includes("\0"), "must not contain a NUL character")
  .refine((value) => value.isWellFormed(), "must be well-formed Unicode");

/** A path that the kernel may take: PATH_MAX of limits.h(0p) is 4096 bytes with the NUL. */
const path = text.max(4095, "must be at most 4095 characters");

/** Of what is wrong in half a million of them not everything is told: it would take 300 MB. */
const texts = z.custom<string[]>(
  (values) => !Array.isArray(values) || values.every((value) => typeof value === "string"),
  "must be strings",
).pipe(z.array(text));

/** Who is sent the signal of a stop and has its grace period: every process of the job, or its main process alone. */
export const STOP_SCOPES = ["all", "main"] as const;

/** A name for a job: never to be taken for an id or a flag. */
export const jobNameSchema = z.string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    "must be 1 to 63 letters, digits, dots, dashes and underscores, the first a letter or digit",
  )
  .refine((name) => !z.guid().safeParse(name).success, "must not look like an id");

const environmentName = z.string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a name of letters, digits and underscores, not beginning with a digit")
  .refine((name) => !name.startsWith("TELEWORKER_"), 'must not begin with "TELEWORKER_"');

/** Body of `POST /v1/jobs`. */
export const startSchema = z.strictObject({
  command: path.min(1, "must not be empty"),
  args: texts.default([]),
  name: jobNameSchema.optional(),
  /** The program's whole environment, but for a PATH if it has none. */
  env: recordOf(environmentName, text).optional(),
  /** `/` by default. */
  cwd: path.regex(/^\//, "must be an absolute path").optional(),
  limits: limitsSchema.optional(),
  /** Name of the host's account that it runs as; the daemon's own by default. */
  user: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?$/, "must be the name of an account").optional(),
  /** Most bytes kept of each of its streams, the newest. */
  outputMaxBytes: z.int().min(65_536, "must be at least 64K").optional(),
  /** See {@linkcode STOP_SCOPES}; `all` by default. */
  stopScope: z.enum(STOP_SCOPES).optional(),
  timeoutSeconds: z.number().positive("must be above zero").max(10 * 366 * 86_400, "must be at most ten years")
    .optional(),
});
/** See {@linkcode startSchema}. */
export type StartRequest = z.input<typeof startSchema>;
