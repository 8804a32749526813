/**
 * Does what a verb of the client does, with other limits on a server's silence: `LIMITS VERB JOB`; of `start` the last is its name.
 * @module
 */
import { z } from "zod";
import { Api } from "../../lib/client/api.ts";
import { remove } from "../../lib/client/commands/remove.ts";
import { startJob } from "../../lib/client/commands/start.ts";
import { stopJob } from "../../lib/client/commands/stop.ts";
import { waitFor } from "../../lib/client/commands/wait.ts";
import { openConnection } from "../../lib/client/connection.ts";
import { EXIT, exitCodeOf } from "../../lib/client/exit_code.ts";
import { copyOutputs } from "../../lib/client/follow.ts";
import { noteFailure, openTerminal, print } from "../../lib/client/terminal.ts";
import { STREAMS } from "../../lib/contract/mod.ts";

const argumentsSchema = z.tuple([
  z.string().transform((text): unknown => JSON.parse(text)).pipe(
    z.object({ probeAfterMs: z.number(), probeTimeoutMs: z.number(), renewAfterMs: z.number() }),
  ),
  z.enum(["follow", "wait", "stop", "find", "start", "remove"]),
  z.string(),
]);

async function run(api: Api, verb: string, id: string): Promise<number> {
  const { signal } = new AbortController();
  if (verb === "find") return exitCodeOf(await api.find(id, "read"));
  if (verb === "remove") return await remove({ verb, jobs: [id] }, { api, terminal: openTerminal("table") });
  if (verb === "start") {
    await print((await startJob(api, { command: "sleep", args: ["1000"], name: id, limits: {} })).id);
    return 0;
  }
  if (verb === "stop") return exitCodeOf(await stopJob(api, id, { graceSeconds: 60 }));
  if (verb === "follow") await copyOutputs(api, id, STREAMS, { follow: true, signal });
  return exitCodeOf(await waitFor(api, id, signal));
}

const [limits, verb, id] = argumentsSchema.parse(Deno.args);
try {
  using api = new Api(await openConnection({}), limits);
  Deno.exitCode = await run(api, verb, id);
} catch (error) {
  await noteFailure(error);
  Deno.exitCode = EXIT.teleworker;
}
Deno.exit();
