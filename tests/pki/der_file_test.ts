import { createAuthority } from "../../lib/pki/authority.ts";
import { describeDer } from "../../lib/pki/der_file.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { decodePem } from "../../lib/pki/pem.ts";
import { createSigningRequest } from "../../lib/pki/signing_request.ts";
import { equal, match } from "../support/assert.ts";
import { makeList, makeListOf } from "./make_list.ts";

/** What is said of the first block of PEM, were it a file in DER. */
function described(pem: string): string | undefined {
  const [{ der } = { der: new Uint8Array() }] = decodePem(pem);
  return describeDer(new TextDecoder().decode(der));
}

const serials = (count: number) => Array.from({ length: count }, (_, index) => (0x1000 + index).toString(16));

Deno.test("describeDer: files of every length → the command for their kind", async () => {
  const ca = await createAuthority();
  for (let length = 1; length <= 64; length++) {
    const name = "x".repeat(length);
    const { requestPem, privateKeyPem } = await createSigningRequest(
      name,
      [],
      length % 2 === 0 ? "ed25519" : "ec-p256",
    );
    match(described(requestPem) ?? "", /: openssl req -inform DER /, `${length}`);
    match(described(privateKeyPem) ?? "", /: openssl pkey -inform DER /, `${length}`);
    const { certificatePem } = await issueClientCertificate(ca, name);
    match(described(certificatePem) ?? "", /: openssl x509 -inform DER /, `${length}`);
    const list = await makeListOf(ca, serials(2 * length - 2), length % 2 || null, -1, 1);
    match(described(list) ?? "", /: openssl crl -inform DER /, `${length}`);
  }
  for (const list of [await makeList(ca, []), await makeList(ca, ["01"])]) {
    match(described(list) ?? "", /: openssl crl -inform DER /);
  }
  const long = Uint8Array.fromHex("308301681630830167bc020101300a06082a8648ce3d0403"); // Of one with 4000 serial numbers.
  match(describeDer(new TextDecoder().decode(long)) ?? "", /: openssl crl -inform DER /);
});

Deno.test("describeDer: text → not DER", () => {
  for (const text of ["", "0", "00", "0x30", "0a0b", "0 garbage", "000000", "MAA=", "0\n\x01", "-----BEGIN X-----\n"]) {
    equal(describeDer(text), undefined, text);
  }
});
