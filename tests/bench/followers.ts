/**
 * Many followers of one URL, each on a TLS connection of its own, in a process of their own: `followers.ts URL CERTS COUNT`. Writes
 * a line once all have their answer's head, and one at the end: the different hashes and the sum of bytes.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";

const [url = "", certs = "", count = ""] = Deno.args;
const read = (file: string) => Deno.readTextFile(join(certs, file));
const options = {
  caCerts: [await read("ca.pem")],
  cert: await read("client-alice.pem"),
  key: await read("client-alice-key.pem"),
};

async function open(): Promise<Response> {
  const response = await fetch(url, { client: Deno.createHttpClient(options) });
  if (!response.ok) throw new Error(`The server answered ${response.status}: ${await response.text()}`);
  return response;
}

async function follow(response: Response): Promise<{ hash: string; bytes: number }> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { hash: hash.digest("hex"), bytes };
}

const responses: Response[] = [];
while (responses.length < Number(count)) {
  const some = Math.min(10, Number(count) - responses.length);
  responses.push(...await Promise.all(Array.from({ length: some }, open)));
}
console.log("following");
const ends = await Promise.all(responses.map(follow));
const bytes = ends.reduce((sum, end) => sum + end.bytes, 0);
console.log(JSON.stringify({ hashes: [...new Set(ends.map(({ hash }) => hash))], bytes }));
Deno.exit(0); // The connections are of no use any more.
