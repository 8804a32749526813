import { ConnectionFailure } from "./failure.ts";

/**
 * The bytes of an answer. Who leaves the loop over them cancels the rest.
 * @param wait waits for what comes; what it throws ends the answer.
 * @throws {ConnectionFailure} when the connection breaks, which so is told from an output that cannot be written.
 */
export async function* chunksOf(
  response: Response,
  wait: <T>(coming: Promise<T>) => Promise<T>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await wait(
        reader.read().catch((error) => {
          throw new ConnectionFailure("The connection broke off", { cause: error });
        }),
      );
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
