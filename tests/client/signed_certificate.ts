import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { createPrivateKey } from "node:crypto";
import { join } from "node:path";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const HOUR = 3_600_000;

/**
 * Puts another certificate, signed by the authority in a folder, in the place of one there. It is valid for two hours, the first of
 * which begins that many hours from now.
 */
export async function replaceCertificate(
  folder: string,
  name: `client-${string}` | "server",
  hours: number,
): Promise<void> {
  const authority = new X509Certificate(await Deno.readTextFile(join(folder, "ca.pem")));
  const authorityKey = createPrivateKey(await Deno.readTextFile(join(folder, "ca-key.pem")));
  const pkcs8 = new Uint8Array(authorityKey.export({ type: "pkcs8", format: "der" }));
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${name.replace("client-", "")}`,
    issuer: authority.subjectName,
    notBefore: new Date(Date.now() + hours * HOUR),
    notAfter: new Date(Date.now() + (hours + 2) * HOUR),
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, false, ["sign"]),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new ExtendedKeyUsageExtension([name === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
      ...(name === "server" ? [new SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])] : []),
    ],
  });
  await Deno.writeTextFile(join(folder, `${name}.pem`), certificate.toString("pem"));
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toBase64();
  await Deno.writeTextFile(
    join(folder, `${name}-key.pem`),
    `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  );
}
