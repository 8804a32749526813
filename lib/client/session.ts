import type { Api } from "./api.ts";
import type { Terminal } from "./terminal.ts";

/** What a command works with. */
export interface Session {
  readonly api: Api;
  readonly terminal: Terminal;
}
