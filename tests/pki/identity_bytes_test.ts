import "reflect-metadata"; // which @peculiar/x509 needs to be there first
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
} from "@peculiar/x509";
import fc from "fast-check";
import assert from "node:assert/strict";
import { identify, IdentityError } from "../../lib/pki/identity.ts";
import { makeCertificate } from "./make_certificate.ts";

const ADMIN = new Extension("1.3.6.1.4.1.12345.1.1", false, Uint8Array.fromHex("0c0161"));

Deno.test("identify refuses every certificate that is cut off, or has a byte too many", async () => {
  const der = await makeCertificate({ extensions: [ADMIN] });
  const cannotBeRead = { name: "IdentityError", message: "Cannot accept client certificate: it cannot be read" };
  for (let length = 0; length < der.length; length++) {
    assert.throws(() => identify(der.subarray(0, length)), cannotBeRead);
  }
  assert.throws(() => identify(new Uint8Array([...der, 0])), cannotBeRead);
});

/** Whatever the bytes are, there is a person of a proper name, or an IdentityError. */
function identifiesOrRefuses(der: Uint8Array): void {
  try {
    const { name, role, serial } = identify(der);
    assert.match(name, /^[^\p{C}]{1,64}$/u);
    assert.ok(["admin", "user", "operator"].includes(role));
    assert.match(serial, /^(?:0|[1-9a-f][0-9a-f]*)$/);
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    assert.doesNotMatch(error.message, /\p{C}/u);
  }
}

Deno.test("identify throws nothing but IdentityError for random bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), identifiesOrRefuses), { numRuns: 2000 });
});

Deno.test("identify throws nothing but IdentityError for certificates with random changes", async () => {
  const extensions = [
    new BasicConstraintsExtension(false),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
    ADMIN,
  ];
  const der = await makeCertificate({ subject: [{ C: ["DE"] }, { CN: ["alice"] }], extensions });
  const changes = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(changes, (bytes) => {
      const changed = der.slice();
      for (const [offset, byte] of bytes) changed[offset] = byte;
      identifiesOrRefuses(changed);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("identify throws IdentityError also for what is not bytes at all", () => {
  // node:tls gives no certificate for a connection that is gone; its types do not say so.
  for (const nothing of [null, undefined, {}, "text"]) {
    assert.throws(() => Reflect.apply(identify, undefined, [nothing]), IdentityError);
  }
});
