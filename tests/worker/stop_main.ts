/**
 * Runs a job of another account, stops it, and prints how it ended. For tests of a daemon that may not signal it.
 * @module
 */
import { Worker } from "../../lib/worker/mod.ts";

const [stateFolder = "", cgroupRoot = ""] = Deno.args;
await using worker = await Worker.open({ stateFolder, cgroupRoot, maxJobs: 1 });
const { id } = await worker.start({ owner: "alice", command: "sleep", args: ["1000"], user: "nobody" });
const { state, signal } = await worker.stop(id, { graceSeconds: 0.1 });
console.log(state, signal);
