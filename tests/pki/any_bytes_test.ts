import fc from "fast-check";
import assert from "node:assert/strict";
import { Authorities } from "../../lib/pki/authorities.ts";
import { createAuthority } from "../../lib/pki/authority.ts";
import { parseCertificate } from "../../lib/pki/certificate.ts";
import { issueClientCertificate } from "../../lib/pki/client_certificate.ts";
import { isClientName, parseClientName } from "../../lib/pki/client_name.ts";
import { commonNameProblem } from "../../lib/pki/common_name.ts";
import { parseRevocationList } from "../../lib/pki/crl.ts";
import { DerReader, DerTag, readSingle } from "../../lib/pki/der_reader.ts";
import { decodeBoolean, decodeObjectIdentifier, decodeText, decodeTime } from "../../lib/pki/der_values.ts";
import { describePem } from "../../lib/pki/describe_pem.ts";
import { parseHost } from "../../lib/pki/host.ts";
import { IdentityError } from "../../lib/pki/identity.ts";
import { identityOf } from "../../lib/pki/issued.ts";
import { decodeCertificates, decodePem, encodePem } from "../../lib/pki/pem.ts";
import { writeRevocations } from "../../lib/pki/revocation_list.ts";
import { decodeSerial, parseSerialNumber } from "../../lib/pki/serial.ts";
import { issueServerCertificate } from "../../lib/pki/server_certificate.ts";
import { parseSigned } from "../../lib/pki/signed.ts";
import { openAuthority } from "../../lib/pki/signing_authority.ts";
import { parseAuthorities } from "../../lib/pki/trust.ts";

const LABELS = ["CERTIFICATE", "CERTIFICATE REQUEST", "PRIVATE KEY", "X509 CRL"] as const;
const bytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes));

/** A value in DER (X.690, 8.1 and 10.1). */
function encode(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  const digits = length.toString(16).padStart(length > 0xff ? 4 : 2, "0");
  const long = length < 0x80 ? [] : [0x80 + digits.length / 2];
  return new Uint8Array([tag, ...long, ...Uint8Array.fromHex(digits), ...content]);
}

/** The bytes with one of them changed. */
function oneChanged(der: Uint8Array): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return fc.tuple(fc.nat(der.length - 1), fc.nat(255)).map(([at, byte]) => new Uint8Array(der).with(at, byte));
}

/** What it gives, or `undefined` where it throws such an error; nothing else may be thrown. */
function only<T>(kind: abstract new (...args: never[]) => Error, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    assert.ok(error instanceof kind, String(error));
    return undefined;
  }
}

Deno.test("DerReader reads what was written, and throws nothing but SyntaxError for any bytes", () => {
  const tags = fc.constantFrom(...Object.values(DerTag));
  fc.assert(fc.property(fc.array(fc.tuple(tags, bytes)), (values) => {
    const reader = new DerReader(new Uint8Array(values.flatMap(([tag, content]) => [...encode(tag, content)])));
    for (const [tag, content] of values) assert.deepEqual(reader.any(), { tag, content });
    reader.end();
  }));
  fc.assert(
    fc.property(bytes, tags, (bytes, tag) => {
      const content = only(SyntaxError, () => readSingle(bytes, tag));
      // One form only: what was read is written the same.
      if (content !== undefined) assert.deepEqual(encode(tag, content), bytes);
      only(SyntaxError, () => parseSigned(bytes));
      only(SyntaxError, () => parseCertificate(bytes));
      only(SyntaxError, () => parseRevocationList(bytes));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the values of DER are read as they were written, and as nothing else", () => {
  const arcs = fc.tuple(
    fc.constantFrom(0, 1),
    fc.nat(39),
    fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n }), { maxLength: 4 }),
  );
  fc.assert(fc.property(arcs, ([first, second, rest]) => {
    const content = new Uint8Array([first * 40 + second, ...rest.flatMap(base128)]);
    assert.equal(decodeObjectIdentifier(content), [first, second, ...rest].join("."));
  }));
  const date = fc.date({
    min: new Date("1950-01-01T00:00:00Z"),
    max: new Date("2049-12-31T23:59:59Z"),
    noInvalidDate: true,
  });
  fc.assert(fc.property(date, (date) => {
    const digits = date.toISOString().replace(/\.\d+Z$/, "").replaceAll(/\D/g, "");
    const seconds = new Date(Math.floor(date.getTime() / 1000) * 1000);
    const content = (text: string) => new TextEncoder().encode(text);
    assert.deepEqual(decodeTime({ tag: DerTag.generalizedTime, content: content(`${digits}Z`) }), seconds);
    assert.deepEqual(decodeTime({ tag: DerTag.utcTime, content: content(`${digits.slice(2)}Z`) }), seconds);
  }));
  fc.assert(fc.property(fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()), (text) => {
    assert.equal(decodeText({ tag: DerTag.utf8String, content: new TextEncoder().encode(text) }), text);
  }));
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(DerTag)), bytes, (tag, content) => {
      only(SyntaxError, () => decodeBoolean(content));
      only(SyntaxError, () => decodeObjectIdentifier(content));
      only(SyntaxError, () => decodeText({ tag, content }));
      assert.ok(!Number.isNaN(only(SyntaxError, () => decodeTime({ tag, content }))?.getTime()));
    }),
    { numRuns: 1000 },
  );
});

function base128(number: bigint): number[] {
  const digits = [Number(number % 128n)];
  for (let rest = number / 128n; rest > 0n; rest /= 128n) digits.unshift(Number(rest % 128n) + 128);
  return digits;
}

Deno.test("decodeSerial and parseSerialNumber agree on every number, however it is written", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 159n - 1n }), (number) => {
    const hex = number.toString(16);
    const whole = (hex.length % 2 === 0 ? hex : `0${hex}`).replace(/^(?=[89a-f])/, "00");
    const serial = decodeSerial(Uint8Array.fromHex(whole));
    assert.equal(serial, hex);
    const even = hex.padStart(hex.length + hex.length % 2, "0");
    for (const text of [hex, hex.toUpperCase(), `0x${hex}`, even.replaceAll(/..(?=.)/g, "$&:")]) {
      assert.equal(parseSerialNumber(text), serial, text);
    }
  }));
  fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-fx:]{0,50}$/)), bytes, (text, bytes) => {
    assert.match(parseSerialNumber(text) ?? "0", /^(?:0|[1-9a-f][0-9a-f]{0,39})$/);
    assert.match(only(SyntaxError, () => decodeSerial(bytes)) ?? "0", /^(?:0|[1-9a-f][0-9a-f]{0,39})$/);
  }));
  const longest = "f".repeat(40);
  assert.equal(decodeSerial(Uint8Array.fromHex(`00${longest}`)), longest);
  // One that nobody could revoke by its number.
  assert.throws(() => decodeSerial(Uint8Array.fromHex(`01${longest}`)), SyntaxError);
});

Deno.test("decodePem reads what encodePem wrote, and with one byte changed the same, others or a SyntaxError", () => {
  const block = fc.tuple(fc.constantFrom(...LABELS), bytes);
  fc.assert(fc.property(fc.array(block), (blocks) => {
    const text = blocks.map(([label, der]) => encodePem(label, der)).join("text\n");
    assert.deepEqual(decodePem(text), blocks.map(([label, der]) => ({ label, der })));
    const certificates = only(SyntaxError, () => decodeCertificates(text));
    assert.equal(certificates?.length, blocks.every(([label]) => label === "CERTIFICATE") ? blocks.length : undefined);
  }));
  fc.assert(fc.property(block, fc.nat(), fc.nat(255), ([label, der], place, byte) => {
    const text = new TextEncoder().encode(encodePem(label, der));
    text[place % text.length] = byte;
    const found = only(SyntaxError, () => decodePem(new TextDecoder("latin1").decode(text)));
    assert.ok(found === undefined || found.length <= 1);
  }));
});

Deno.test("certificates and lists with one byte changed are read, or refused by an error of their own", async () => {
  const ca = await createAuthority();
  const authority = await openAuthority(ca);
  const alice = await issueClientCertificate(ca, "alice");
  const server = await issueServerCertificate(ca, ["a.example", "192.0.2.7", "::1"]);
  const revocations = new Map([["ff01", new Date()]]);
  const list = await writeRevocations({ revocations, number: 0n, others: [] }, authority);
  const [{ der: listDer } = { der: new Uint8Array() }] = decodePem(list);
  const authorities = Authorities.parse(ca.certificatePem);
  for (const pem of [ca.certificatePem, alice.certificatePem, server.certificatePem]) {
    const [der = new Uint8Array()] = decodeCertificates(pem);
    await fc.assert(
      fc.asyncProperty(oneChanged(der), async (changed) => {
        only(SyntaxError, () => parseCertificate(changed));
        identityOf(changed);
        const text = encodePem("CERTIFICATE", changed);
        only(Error, () => parseAuthorities(text));
        only(Error, () => Authorities.parse(text));
        // Who has signed it has not signed that; an authority that is trusted is not a client of its own.
        if (!changed.every((byte, index) => byte === der[index])) {
          assert.throws(() => authorities.check(changed), IdentityError);
        }
        await describePem(text).catch((error) => assert.ok(error instanceof SyntaxError, String(error)));
      }),
      { numRuns: 500 },
    );
  }
  fc.assert(
    fc.property(oneChanged(listDer), (changed) => void only(SyntaxError, () => parseRevocationList(changed))),
    { numRuns: 1000 },
  );
});

Deno.test("parseHost gives what it gives again, and throws nothing but TypeError for any text", () => {
  const text = fc.oneof(
    ...[fc.string({ unit: "binary" }), fc.domain(), fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[A-Za-z0-9.:%-]{1,40}$/)],
  );
  fc.assert(
    fc.property(text, (text) => {
      const host = only(TypeError, () => parseHost(text));
      if (host === undefined) return;
      assert.deepEqual(parseHost(host.value), host);
      assert.match(host.value, host.type === "dns" ? /^[a-z0-9.-]{1,253}$/ : /^[0-9a-f.:]{2,39}$/);
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.ipV4(), (address) => assert.deepEqual(parseHost(address), { type: "ip", value: address })));
});

Deno.test("names of clients are safe in a path, and common names to look at, or refused, for any text", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[A-Za-z0-9._@ -]{0,70}$/));
  fc.assert(
    fc.property(text, (name) => {
      assert.equal(only(TypeError, () => parseClientName(name)), isClientName(name) ? name : undefined);
      if (isClientName(name)) {
        assert.equal(commonNameProblem(name), undefined);
        assert.doesNotMatch(name, /^[.-]|[\s/\\]|-key$/);
      }
      if (commonNameProblem(name) === undefined) {
        assert.doesNotMatch(name, /\p{C}|^\s|\s$/u);
        assert.ok([...name].length <= 64);
      }
    }),
    { numRuns: 2000 },
  );
});
