import { once } from "node:events";
import { connect } from "node:net";
import type { Link } from "./link.ts";

const MAX_PATH_BYTES = 107;

/**
 * Makes what connects to a daemon's Unix socket, where there is no certificate to look at. Not for `fetch`, whose way to a socket is a proxy:
 * where NO_PROXY names the host, it would speak in the clear to whoever listens on its port 80.
 */
export function unixConnector(path: string): () => Promise<Link> {
  return async () => {
    // The kernel's word for it is no help (unix(7), `sun_path`).
    if (new TextEncoder().encode(path).length > MAX_PATH_BYTES) {
      throw new Error(`its path is longer than ${MAX_PATH_BYTES} bytes`);
    }
    const stream = connect({ path });
    await once(stream, "connect");
    return { stream };
  };
}
