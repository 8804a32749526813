import { join } from "node:path";
import type { Daemon } from "../support/daemon.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Https } from "../support/https.ts";
import { byTurns, type Figure, formatThroughput, milliseconds } from "./figure.ts";
import { accepting, findProgram, freePort, run, Server } from "./process.ts";

const SIZE = 2 ** 30;

/** One follower that reads a log of 1 GiB, against nginx and a file of that size. */
export async function measureReading(daemon: Daemon): Promise<Figure[]> {
  const what = "one follower reading a log of 1 GiB, against nginx serving such a file";
  const target = "at least 0.5";
  const [nginx, curl] = [await findProgram("nginx"), await findProgram("curl")];
  if (nginx === undefined || curl === undefined) {
    return [{ what, ours: "", target, note: "not measured: no nginx or no curl here" }];
  }
  using https = await Https.as(daemon, "alice");
  const { id } = await https.start({ command: "head", args: ["-c", `${SIZE}`, "/dev/zero"] });
  await https.wait(id);
  await using folder = await TemporaryFolder.create();
  await run("dd", ["if=/dev/zero", `of=${join(folder.path, "log")}`, "bs=1M", `count=${SIZE / 2 ** 20}`]);
  const port = freePort();
  await Deno.writeTextFile(join(folder.path, "nginx.conf"), configuration(folder.path, daemon.certs, port));
  await using _server = new Server(nginx, [
    "-p",
    folder.path,
    "-e",
    "error.log",
    "-c",
    join(folder.path, "nginx.conf"),
  ]);
  await accepting(port);
  const download = (url: string) =>
    milliseconds(async () => {
      const size = await run(curl, [...credentials(daemon.certs), url]);
      if (Number(size) !== SIZE) throw new Error(`Cannot measure "${url}": ${size} bytes came`);
    });
  const { ours, reference } = await byTurns(
    () => download(`https://${daemon.address}/v1/jobs/${id}/stdout?follow=true`),
    () => download(`https://127.0.0.1:${port}/log`),
  );
  return [{
    what,
    ours: formatThroughput(SIZE, ours),
    reference: formatThroughput(SIZE, reference),
    ratio: reference / ours,
    target,
    held: reference / ours >= 0.5,
  }];
}

function credentials(certs: string): string[] {
  return [
    ...["-s", "--fail", "--max-time", "60", "-o", "/dev/null", "-w", "%{size_download}"],
    ...["--cacert", join(certs, "ca.pem")],
    ...["--cert", join(certs, "client-alice.pem"), "--key", join(certs, "client-alice-key.pem")],
  ];
}

function configuration(folder: string, certs: string, port: number): string {
  return `daemon off; user root; worker_processes 1; pid ${folder}/nginx.pid;
events {}
http {
  access_log off; sendfile on;
  server {
    listen 127.0.0.1:${port} ssl; root ${folder};
    ssl_certificate ${certs}/server.pem; ssl_certificate_key ${certs}/server-key.pem;
    ssl_client_certificate ${certs}/ca.pem; ssl_verify_client on; ssl_protocols TLSv1.3;
  }
}
`;
}
