import { z } from "zod";
import written from "./build.json" with { type: "json" };
import { VERSION } from "./version.ts";

/** What `deno task build` writes into its copy of `build.json`; the one in the repository is that of a program run from its source. */
export const buildSchema = z.strictObject({
  /**
   * `source`: run by `deno run`; `compiled`: by `deno compile`; `self-contained`: a file that carries the whole of Deno and the bundled
   * program, made where the base of `deno compile` could not be had.
   */
  kind: z.enum(["source", "compiled", "self-contained"]),
  /** The commit it was built from, with `-dirty` when files were changed since; null when nobody knows. */
  commit: z.string().nullable(),
});

/** See {@linkcode buildSchema}. */
export type Build = z.infer<typeof buildSchema>;

/** How this program was built. */
export const BUILD: Build = buildSchema.parse(written);

/** What `--version` prints: version, kind, commit, and the version of Deno. */
export function describeBuild(build: Build = BUILD): string {
  const commit = build.commit === null ? "" : `, commit ${build.commit}`;
  return `${VERSION} (${build.kind}${commit}, Deno ${Deno.version.deno})`;
}
