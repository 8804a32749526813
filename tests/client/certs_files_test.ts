import { join } from "node:path";
import { openssl } from "../pki/openssl.ts";
import { deepEqual, equal, match } from "../support/assert.ts";
import { TemporaryFolder } from "../support/folder.ts";
import { Certs } from "./certs_command.ts";

/** The file where an error says it is. */
function quoted(text: string): string {
  return `"${text}"`;
}

Deno.test("certs: files in DER → each kind told, and its command makes PEM of it", async (t) => {
  await using folder = await TemporaryFolder.create();
  const certs = new Certs(folder.path);
  await certs.prints("init");
  await certs.prints("client", "alice");
  await certs.prints("request", "server", "web1");
  await certs.run("revoke", "alice");
  const path = (name: string) => quoted(certs.path(name));
  const [der, pem] = [certs.path("x.der"), certs.path("client-alice.pem")];
  /** Runs the command that a message ends with, as a shell does, and gives the first line of what it made. */
  const cure = async (message: string) => {
    const [, command = ""] = /(?: with: |: )(openssl .*)$/.exec(message.trimEnd()) ?? [];
    const args = [...command.matchAll(/"(.*?)"|\S+/g)].map(([word, inside]) => inside ?? word).slice(1);
    await openssl(...args, ...(args[0] === "pkcs12" ? ["-passin", "pass:"] : []));
    const made = await Deno.readTextFile(args.at(-1) ?? "");
    return [...made.matchAll(/-----BEGIN (.*?)-----/g)].map(([, label]) => label).join();
  };
  const ENCODED = ["-outform", "DER", "-out", der];
  const key = certs.path("client-alice-key.pem");

  await t.step("show", async () => {
    for (
      const [command, tool, label] of [
        [["x509", "-in", pem], "x509 -inform DER", "CERTIFICATE"],
        [["req", "-in", certs.path("server.csr")], "req -inform DER", "CERTIFICATE REQUEST"],
        [["crl", "-in", certs.path("crl.pem")], "crl -inform DER", "X509 CRL"],
        [["pkey", "-in", key], "pkey -inform DER", "PRIVATE KEY"],
        [["pkey", "-pubout", "-in", key], "pkey -pubin -inform DER", "PUBLIC KEY"],
        [["crl2pkcs7", "-nocrl", "-certfile", pem], "pkcs7 -inform DER", "CERTIFICATE"],
      ] as const
    ) {
      await openssl(...command, ...ENCODED);
      const message = await certs.fails("show", der);
      const [tail, print] = [` -out ${quoted(`${der}.new`)}`, tool.startsWith("pkcs7") ? " -print_certs" : ""];
      const what = tool.startsWith("pkcs7") ? "a PKCS#7 file" : "in DER";
      equal(
        message,
        `1 Cannot show ${quoted(der)}: it is ${what}, not in PEM; convert it with: openssl ${tool} -in ${
          quoted(der)
        }${print}${tail}`,
      );
      equal(await cure(message), label);
    }
  });

  await t.step("a private key of each kind, also those of less than 128 bytes", async () => {
    const whole = await Deno.readTextFile(key);
    const source = certs.path("source.pem");
    for (const type of [["ED25519"], ["RSA"], ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]]) {
      for (const form of [["pkcs8", "-topk8", "-nocrypt"], ["pkey", "-traditional"]]) {
        await openssl("genpkey", "-algorithm", ...type, "-out", source);
        if (form[0] === "pkey" && type[0] === "ED25519") continue; // It has one form only.
        if (form[0] === "pkey") {
          await openssl(type[0]?.toLowerCase() ?? "", "-in", source, "-outform", "DER", "-out", key);
        } else await openssl(...form, "-in", source, "-outform", "DER", "-out", key);
        const message = await certs.fails("renew", "alice");
        const command = `openssl pkey -inform DER -in ${quoted(key)} -out ${quoted(`${key}.new`)}`;
        equal(
          message,
          `1 Cannot use the private key ${quoted(key)}: it is in DER, not in PEM; convert it with: ${command}`,
        );
        equal(await cure(message), "PRIVATE KEY");
      }
    }
    await Deno.writeTextFile(key, whole);
  });

  await t.step("PKCS#12, and one kind in the place of another", async () => {
    const whole = await Deno.readTextFile(pem);
    await openssl("pkcs12", "-export", "-inkey", key, "-in", pem, "-passout", "pass:", "-out", der);
    await Deno.copyFile(der, pem);
    const message = await certs.fails("renew", "alice");
    const command = `openssl pkcs12 -in ${quoted(pem)} -nodes -out ${quoted(`${pem}.new`)}`;
    equal(
      message,
      `1 Cannot use the certificate ${quoted(pem)}: it is a PKCS#12 file, not in PEM; convert it with: ${command}`,
    );
    equal(await cure(message), "CERTIFICATE,PRIVATE KEY");
    for (
      const [command, kind] of [
        [["pkey", "-in", key], "private key"],
        [["req", "-in", certs.path("server.csr")], "signing request"],
        [["crl", "-in", certs.path("crl.pem")], "revocation list"],
      ] as const
    ) {
      await openssl(...command, "-outform", "DER", "-out", pem);
      const told = await certs.fails("renew", "alice");
      equal(
        told,
        `1 Cannot use the certificate ${path("client-alice.pem")}: it is a ${kind} in DER, not a certificate in PEM`,
      );
    }
    await Deno.writeTextFile(pem, whole);
  });

  await t.step("crl.pem", async () => {
    const crl = certs.path("crl.pem");
    await openssl("crl", "-in", crl, ...ENCODED);
    await Deno.copyFile(der, crl);
    for (const args of [["list"], ["revoke", "alice"], ["renew", "alice"]]) {
      const message = await certs.fails(...args);
      const command = `openssl crl -inform DER -in ${quoted(crl)} -out ${quoted(`${crl}.new`)}`;
      equal(
        message,
        `1 Cannot read revocation list ${quoted(crl)}: it is in DER, not in PEM; convert it with: ${command}`,
      );
      equal(await cure(message), "X509 CRL");
    }
  });
});

Deno.test("certs --csr: damaged request → file, fault and cure", async () => {
  await using folder = await TemporaryFolder.create();
  const [certs, host] = [new Certs(folder.path), new Certs(join(folder.path, "host"))];
  await certs.prints("init");
  await host.prints("request", "server", "web1");
  const [request, key] = ["server.csr", "server-key.pem"].map((name) => Deno.readTextFileSync(host.path(name)));
  const bad = host.path("bad.csr");
  const MADE = "requests are made by: teleworker certs request";
  const faults: [content: string, fault: string][] = [
    ["", `it is empty; ${MADE}`],
    ["garbage\n", `it is not in PEM: it has no line that says BEGIN; ${MADE}`],
    [key ?? "", `"PRIVATE KEY" is no signing request; ${MADE}`],
    [
      request?.slice(0, 150) ?? "",
      `its "CERTIFICATE REQUEST" is damaged or cut off: there is no line that says END CERTIFICATE REQUEST; ${MADE}`,
    ],
  ];
  for (const [content, fault] of faults) {
    await Deno.writeTextFile(bad, content);
    for (const who of [["server", "web1"], ["client", "eve"]]) {
      equal(await certs.fails(...who, "--csr", bad), `1 Cannot read signing request "${bad}": ${fault}`);
    }
  }
  await openssl("req", "-in", host.path("server.csr"), "-outform", "DER", "-out", bad);
  const command = `openssl req -inform DER -in "${bad}" -out "${bad}.new"`;
  equal(
    await certs.fails("server", "web1", "--csr", bad),
    `1 Cannot read signing request "${bad}": it is in DER, not in PEM; convert it with: ${command}`,
  );
  await Deno.copyFile(host.path("server.csr"), bad);
  match(await certs.prints("server", "web1", "--csr", bad), /server\.pem\n$/);
  deepEqual(host.certificate("server.pem").subjectAltName, "DNS:web1");
});
