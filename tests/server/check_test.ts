import { equal, match, ok } from "node:assert/strict";
import { z } from "zod";
import { canLimit, removeCgroups } from "../support/cgroups.ts";
import { type Ended, teleworkerd } from "./teleworkerd.ts";

async function check(...flags: string[]): Promise<Ended> {
  const cgroupRoot = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  try {
    return await teleworkerd(["check", "--cgroup-root", cgroupRoot, ...flags]);
  } finally {
    await removeCgroups(cgroupRoot);
  }
}

const checkSchema = z.object({
  works: z.boolean(),
  cgroups: z.object({
    mode: z.string(),
    reason: z.string().nullable(),
    limits: z.array(z.object({ limit: z.string(), works: z.boolean(), reason: z.string().nullable() })),
  }),
  programs: z.array(z.object({ name: z.string(), path: z.string().nullable(), required: z.boolean() })),
});

Deno.test("check tells a program what works on this host", async () => {
  const { code, stdout } = await check("--output", "json");
  const { works, cgroups, programs } = checkSchema.parse(JSON.parse(stdout));
  equal(code, works ? 0 : 1);
  ok(programs.find(({ name }) => name === "setsid")?.path);
  equal(cgroups.reason === null, canLimit);
  for (const { limit, works, reason } of cgroups.limits) equal(works, reason === null, limit);
  equal(cgroups.limits.some(({ works }) => works), canLimit);
});

Deno.test("check tells a person the same, and what to do about what does not work", async () => {
  const { stdout } = await check();
  match(stdout, /^Jobs can run on this host\.$/m);
  for (const program of ["sh", "cat", "dd", "setsid", "wc"]) {
    match(stdout, new RegExp(`^  ok   ${program} for every job.*: /\\S+/${program}$`, "m"));
  }
  match(stdout, /^ {2}(ok {3}prlimit for|no {3}prlimit: without it no) limits of processes/m);
  match(stdout, /^Limits, on cgroups (v1|v2|hybrid|none)$/m);
  match(stdout, canLimit ? /^ {2}ok {3}memory$/m : /^ {2}no {3}memory: /m);
  // On v1 it says what the host cannot do, and that buffered writes escape.
  if (/cgroups (v1|hybrid)$/m.test(stdout) && canLimit) {
    match(stdout, /^ {2}no {3}memory by throttling: [^]*Buffered writes escape it/m);
  }
});
