/**
 * What holds when the host or the daemon fails: `deno task test:faults [--seed N] [--minutes N]`.
 * @module
 */
import { daemonKilled } from "./daemon_killed.ts";
import { diskFull } from "./disk_full.ts";
import { manyClients } from "./many_clients.ts";
import { noDescriptors, noProcesses } from "./no_processes.ts";
import { recordsDamaged } from "./records_damaged.ts";
import { runnerKilled } from "./runner_killed.ts";
import { faultSuite } from "./support/suite.ts";
import { vanishedPeer } from "./vanished_peer.ts";

faultSuite(
  [daemonKilled, runnerKilled, diskFull, recordsDamaged, noProcesses, noDescriptors, manyClients, vanishedPeer],
  Deno.args,
);
