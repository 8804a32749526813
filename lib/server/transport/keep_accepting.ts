import type { Server } from "node:net";

/** Milliseconds between two looks. */
const INTERVAL = 1_000;
/** Connections that may wait, as node:net has it by itself. */
const BACKLOG = 511;

/**
 * Makes a listening server look again and again for connections that wait, until it is disposed of.
 *
 * When a process has no descriptor left, accept(2) fails, and Deno 2.9 (libs/core/uv_compat/tcp.rs, `poll_tcp_handle`) neither
 * tells nor tries again: without this nobody would be let in any more, also when there are descriptors again. Listening on a
 * socket that listens already changes nothing and makes it look.
 */
export function keepAccepting(server: Server): Disposable {
  const timer = setInterval(() => {
    const handle: unknown = Reflect.get(server, "_handle");
    if (typeof handle !== "object" || handle === null || !("listen" in handle)) return;
    if (typeof handle.listen === "function") handle.listen(BACKLOG);
  }, INTERVAL);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
