import fc from "fast-check";
import assert from "node:assert/strict";
import { describePem } from "../../lib/pki/describe_pem.ts";
import { decodeCertificates, decodePem, encodePem } from "../../lib/pki/pem.ts";
import { readRevocations, writeRevocations } from "../../lib/pki/revocation_list.ts";
import { createAuthority } from "../../lib/pki/authority.ts";
import { openAuthority } from "../../lib/pki/signing_authority.ts";
import { createSigningRequest, readSigningRequest } from "../../lib/pki/signing_request.ts";

/** Some bytes of a file are changed, which may damage it or not. */
function changed(der: Uint8Array<ArrayBuffer>): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const changes = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  return changes.map((bytes) => {
    const copy = der.slice();
    for (const [offset, byte] of bytes) copy[offset] = byte;
    return copy;
  });
}

async function nothingButSyntaxError(action: () => unknown): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

Deno.test("readSigningRequest signs no request that was changed, and throws nothing but SyntaxError", async () => {
  const { requestPem } = await createSigningRequest("Teleworker server", ["a.example", "::1"], "ed25519");
  const [{ der } = { der: new Uint8Array() }] = decodePem(requestPem);
  await fc.assert(
    fc.asyncProperty(changed(der), async (bytes) => {
      const pem = encodePem("CERTIFICATE REQUEST", bytes);
      const key = await nothingButSyntaxError(() => readSigningRequest(pem));
      if (key !== undefined) assert.deepEqual(bytes, der);
      await nothingButSyntaxError(() => describePem(pem));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("readRevocations believes no list that was changed, and throws nothing but SyntaxError", async () => {
  const authority = await openAuthority(await createAuthority());
  const at = new Date();
  const revocations = new Map([["ff01", { serial: "ff01", at }], ["a", { serial: "a", at }]]);
  const pem = await writeRevocations({ revocations, number: 0n, others: [] }, authority);
  const lists = readRevocations(pem, authority.certificate);
  assert.deepEqual([...lists.revocations.keys()], ["ff01", "a"]);
  const [{ der } = { der: new Uint8Array() }] = decodePem(pem);
  await fc.assert(
    fc.asyncProperty(changed(der), async (bytes) => {
      const found = await nothingButSyntaxError(() => {
        const { revocations } = readRevocations(encodePem("X509 CRL", bytes), authority.certificate);
        return revocations.size > 0 ? revocations : undefined;
      });
      if (found !== undefined) assert.deepEqual(bytes, der);
      await nothingButSyntaxError(() => describePem(encodePem("X509 CRL", bytes)));
    }),
    { numRuns: 500 },
  );
});

Deno.test("decodePem and decodeCertificates throw nothing but SyntaxError for any text", () => {
  const piece = fc.constantFrom(
    "-----BEGIN CERTIFICATE-----\n",
    "-----END CERTIFICATE-----\n",
    "MAA=\n",
    "-----BEGIN",
    "=",
  );
  const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 20 })), { maxLength: 12 }).map((parts) =>
    parts.join("")
  );
  fc.assert(fc.property(text, (pem) => {
    for (const decode of [decodePem, decodeCertificates]) {
      try {
        decode(pem);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
      }
    }
  }));
});
