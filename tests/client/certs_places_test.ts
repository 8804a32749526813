import { join } from "node:path";
import { deepEqual, doesNotMatch } from "../support/assert.ts";
import { makeCertificates } from "../support/certificates.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { teleworker } from "../support/teleworker.ts";

Deno.test("certs: place that cannot be used → says which, and why", async () => {
  await using folder = await TemporaryFolder.create();
  const [file, certs] = [join(folder.path, "file"), join(folder.path, "certs")];
  await Deno.writeTextFile(file, "");
  await makeCertificates(certs);
  const refusals: [args: string[], sentence: string][] = [
    [["certs", "init", "--certs", file], `Cannot make "${file}": it is not a directory`],
    [["certs", "init", "--certs", `${file}/x`], `Cannot make "${file}/x": not a directory`],
    [
      ["certs", "init", "--certs", "/proc/x"],
      'Cannot open "/proc/x": it is not an ordinary file',
    ],
    [["certs", "list", "--certs", file], `Cannot read "${file}/ca.pem": not a directory`],
    [["certs", "client", "x", "--certs", file], `Cannot read "${file}/ca.pem": not a directory`],
    [["certs", "client", "x", "--certs", certs, "--csr", certs], `Cannot read "${certs}": it is a directory`],
    [["list", "--socket", `${file}/x`], `Cannot reach the server at "${file}/x": not a directory`],
    [
      ["list", "--socket", `/${"x".repeat(107)}`],
      `Cannot reach the server at "/${"x".repeat(107)}": its path is longer than 107 bytes`,
    ],
  ];
  await Promise.all(refusals.map(async ([args, sentence]) => {
    const { code, stdout, stderr } = await teleworker({ address: "127.0.0.1:1", certs }, args);
    deepEqual({ code, stdout, stderr }, { code: 1, stdout: "", stderr: `teleworker: ${sentence}\n` });
    doesNotMatch(stderr, /os error/);
  }));
});
