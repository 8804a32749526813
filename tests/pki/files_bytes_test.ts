import fc from "fast-check";
import assert from "node:assert/strict";
import { describePem } from "../../lib/pki/describe_pem.ts";
import { decodeCertificates, decodePem, encodePem } from "../../lib/pki/pem.ts";
import { readRevocations, writeRevocations } from "../../lib/pki/revocation_list.ts";
import { createAuthority } from "../../lib/pki/authority.ts";
import { openAuthority } from "../../lib/pki/signing_authority.ts";
import { parseAuthorities } from "../../lib/pki/trust.ts";
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

Deno.test("readRevocations believes no list that was changed", async () => {
  const credential = await createAuthority();
  const authorities = parseAuthorities(credential.certificatePem);
  const since = new Date("2026-01-02T03:04:05Z");
  const revocations = new Map([["ff01", since], ["a", since]]);
  const pem = await writeRevocations({ revocations, number: 0n, others: [] }, await openAuthority(credential));
  assert.deepEqual(readRevocations(pem, authorities).revocations, revocations);
  const [{ der } = { der: new Uint8Array() }] = decodePem(pem);
  await fc.assert(
    fc.asyncProperty(changed(der), async (bytes) => {
      const text = encodePem("X509 CRL", bytes);
      try {
        const { revocations, others } = readRevocations(text, authorities);
        // With another name or key identifier it is another authority's.
        if (others.length === 0) assert.deepEqual(bytes, der);
        else assert.deepEqual({ others, revoked: revocations.size }, { others: [text], revoked: 0 });
      } catch (error) {
        assert.match(String(error), /^(Syntax)?Error: Cannot (read|use) revocation list/);
      }
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
