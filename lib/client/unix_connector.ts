import { once } from "node:events";
import { connect } from "node:net";
import type { Link } from "./link.ts";

/**
 * Makes what connects to a daemon's Unix socket, where there is no certificate to look at. Not for `fetch`, whose way to a socket is a proxy:
 * where NO_PROXY names the host, it would speak in the clear to whoever listens on its port 80.
 */
export function unixConnector(path: string): () => Promise<Link> {
  return async () => {
    const stream = connect({ path });
    await once(stream, "connect");
    return { stream };
  };
}
