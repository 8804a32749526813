import { createHash } from "node:crypto";

/** What tells bytes from others. */
export interface Digest {
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  readonly length: number;
}

/** The digest of a body, read as fast as it comes and not kept. */
export async function digestOf(body: AsyncIterable<Uint8Array> | null): Promise<Digest> {
  const hash = createHash("sha256");
  let length = 0;
  for await (const chunk of body ?? []) {
    hash.update(chunk);
    length += chunk.length;
  }
  return { hash: hash.digest("hex"), length };
}
