import type { Controller } from "../controller.ts";
import { blkio } from "./blkio.ts";
import { cpu } from "./cpu.ts";
import { cpuacct } from "./cpuacct.ts";
import { freezer } from "./freezer.ts";
import { memory } from "./memory.ts";
import { pids } from "./pids.ts";

/** The v1 controllers that jobs are put under, in the order in which they are entered. */
export const V1_CONTROLLERS: readonly Controller[] = [cpu, cpuacct, memory, blkio, pids, freezer];
