import { join } from "node:path";
import { z } from "zod";

const specSchema = z.looseObject({});

/** Copies an ended job of a closed worker, records and output, under a new id, which is returned. `sequence` is its place in lists. */
export function copyJob(state: string, id: string, sequence: number, copy: string = crypto.randomUUID()): string {
  const [from, to] = [join(state, "jobs", id), join(state, "jobs", copy)];
  Deno.mkdirSync(to, { mode: 0o700 });
  // Nothing else: the runner may still be tidying up.
  for (const name of ["runner.json", "started.json", "ended.json"]) Deno.copyFileSync(join(from, name), join(to, name));
  const spec = specSchema.parse(JSON.parse(Deno.readTextFileSync(join(from, "spec.json"))));
  const changed = { ...spec, id: copy, sequence, ownerSequence: null, name: null, idempotency: null };
  Deno.writeTextFileSync(join(to, "spec.json"), JSON.stringify(changed));
  for (const stream of ["stdout", "stderr"]) {
    Deno.copyFileSync(join(state, "output", `${id}.${stream}`), join(state, "output", `${copy}.${stream}`));
  }
  return copy;
}
