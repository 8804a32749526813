import { z } from "zod";

/** Version of Teleworker, the one place where it stands besides deno.json; a test holds them equal. */
export const VERSION = "0.1.0";

/** Answer of `GET /v1/version`. */
export const versionSchema = z.looseObject({
  version: z.string(),
  deno: z.string(),
  cgroup: z.looseObject({
    /** `v2`, `v1`, `hybrid` or `none`. */
    mode: z.string(),
    /** Controllers that jobs can be limited with. */
    controllers: z.array(z.string()),
    /** Why there are none. */
    reason: z.string().nullable(),
  }),
});
/** See {@linkcode versionSchema}. */
export type Version = z.infer<typeof versionSchema>;
