import { getLogger } from "@logtape/logtape";

/** The server's log. */
export const logger = getLogger(["teleworker", "server"]);
