import type { Context as HonoContext } from "hono";
import type { Identity } from "../pki/identity.ts";
import type { Job, Worker } from "../worker/mod.ts";
import type { Audit } from "./log/audit.ts";
import type { Access } from "./authorize.ts";
import type { FewAtOnce } from "./few_at_once.ts";
import type { Followers } from "./followers.ts";

/** What every handler can use besides its request. */
export interface Services {
  readonly worker: Worker;
  readonly followers: Followers;
  /** A start takes processes, and the event loop's time: nobody's are to hold up all others. */
  readonly starts: FewAtOnce;
  /** A list works for long, and pauses for others. Those of another one would take these pauses. */
  readonly lists: FewAtOnce;
  /** Searches for last lines, which work for long as well, but wait for the disk in between. */
  readonly searches: FewAtOnce;
  readonly audit: Audit;
}

/** Who is asking: given with the connection, never taken from the request. */
export interface Caller extends Pick<Identity, "name" | "role"> {
  /** Of the certificate; null on the Unix socket. */
  readonly serial: string | null;
  /** Where from: `ADDRESS:PORT`, or `unix`. */
  readonly peer: string;
}

/**
 * What comes with a request: the caller, and what breaks off its connection, come with that; the access from the table, and the
 * job's id from the path, when there is one and the caller may see that job. A start puts in what it has started.
 */
export interface HonoEnv {
  Bindings: { caller: Caller; breakOff: () => void };
  Variables: { access: Access; job: string; started?: Job };
}
/** See {@linkcode HonoEnv}. */
export type Context = HonoContext<HonoEnv>;

/** A handler of one route. */
export type Handler = (context: Context, services: Services) => Response | Promise<Response>;
