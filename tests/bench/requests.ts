import type { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { type Figure, formatMilliseconds, median, milliseconds, percentile, REPETITIONS } from "./figure.ts";

const REQUESTS = 500;
const CONNECTIONS = 50;

/** Requests on one connection, and connections. */
export async function measureRequests(daemon: Daemon): Promise<Figure[]> {
  using https = await Https.as(daemon, "alice");
  const { id } = await https.start({ command: "/bin/true" });
  await https.wait(id);
  const requests = await rounds(REQUESTS, async () => {
    await https.job(await https.send("GET", `/v1/jobs/${id}`));
  });
  const connections = await rounds(CONNECTIONS, async () => {
    using fresh = await Https.as(daemon, "alice");
    const response = await fresh.send("GET", "/healthz");
    await response.body?.cancel();
    if (!response.ok) throw new Error(`The server answered ${response.status}`);
  });
  return [
    { what: "`GET /v1/jobs/{id}`, one after the other on one connection", ...requests },
    { what: "new connections with a first request, one after the other", ...connections },
  ];
}

async function rounds(count: number, once: () => Promise<void>): Promise<Pick<Figure, "ours" | "note">> {
  await once();
  const [each, perSecond]: [number[], number[]] = [[], []];
  for (let round = 0; round < REPETITIONS; round++) {
    const took = await milliseconds(async () => {
      for (let turn = 0; turn < count; turn++) each.push(await milliseconds(once));
    });
    perSecond.push(count / took * 1000);
  }
  return {
    ours: `${median(perSecond).toFixed(0)}/s`,
    note: `p50 ${formatMilliseconds(median(each))}, p99 ${formatMilliseconds(percentile(each, 0.99))}`,
  };
}
