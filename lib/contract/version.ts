import { z } from "zod";

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
