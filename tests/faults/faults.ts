/**
 * What holds when the host or the daemon fails: `deno task test:faults [--seed N] [--minutes N]`.
 * @module
 */
import { daemonKilled } from "./daemon_killed.ts";
import { faultSuite } from "./support/suite.ts";

faultSuite([daemonKilled], Deno.args);
