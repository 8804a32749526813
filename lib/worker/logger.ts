import { getLogger } from "@logtape/logtape";

/** The worker's log. */
export const logger = getLogger(["teleworker", "worker"]);
