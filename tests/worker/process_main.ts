/**
 * Runs one job and prints what it says. For tests of what a job inherits from a process that was started in an odd way.
 * @module
 */
import { Worker } from "../../lib/worker/mod.ts";

const [stateFolder = "", cgroupRoot = "", command = "", ...args] = Deno.args;
await using worker = await Worker.open({ stateFolder, cgroupRoot, maxJobs: 1 });
const { id } = await worker.start({ owner: "alice", command, args });
await worker.wait(id);
await (await worker.output(id, "stdout")).bytes.pipeTo(Deno.stdout.writable);
