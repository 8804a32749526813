import type { Controller } from "../controller.ts";
import { cpu } from "./cpu.ts";
import { io } from "./io.ts";
import { memory } from "./memory.ts";
import { pids } from "./pids.ts";

/** The v2 controllers that jobs are put under. */
export const V2_CONTROLLERS: readonly Controller[] = [cpu, io, memory, pids];
