import { once } from "node:events";
import type { Server, Socket } from "node:net";

/** A server of a test's own. */
export interface Listening extends AsyncDisposable {
  /** HOST:PORT. */
  readonly address: string;
}

/** Has a server listen on the loopback until the end of its scope, when its connections are closed too. */
export async function listening(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server does not listen on a port");
  return {
    address: `127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
