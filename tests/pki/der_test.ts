import assert from "node:assert/strict";
import { DerReader, DerTag, readSingle } from "../../lib/pki/der_reader.ts";
import { decodeBoolean, decodeObjectIdentifier, decodeText, decodeTime } from "../../lib/pki/der_values.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
const ascii = (text: string) => new TextEncoder().encode(text);

Deno.test("DerReader reads values one after the other", () => {
  const reader = new DerReader(hex("02 01 05  04 00  30 02 05 00"));
  assert.deepEqual(reader.read(DerTag.integer), hex("05"));
  assert.equal(reader.optional(DerTag.boolean), undefined);
  assert.deepEqual(reader.optional(DerTag.octetString), hex(""));
  assert.deepEqual(reader.any(), { tag: DerTag.sequence, content: hex("05 00") });
  assert.ok(reader.done);
  reader.end();
});

Deno.test("DerReader reads the long forms of lengths", () => {
  for (const length of [0x80, 0xff, 0x100, 0xffff, 0x10000]) {
    const digits = length.toString(16).padStart(length > 0xffff ? 6 : length > 0xff ? 4 : 2, "0");
    const der = new Uint8Array([0x04, 0x80 + digits.length / 2, ...hex(digits), ...new Uint8Array(length)]);
    assert.equal(readSingle(der, DerTag.octetString).length, length);
  }
});

for (
  const [name, bytes] of [
    ["nothing", ""],
    ["a tag alone", "04"],
    ["another type", "05 00"],
    ["a value that is cut off", "04 02 00"],
    ["a length that is cut off", "04 82 01"],
    ["a byte too many", "04 01 00 00"],
    ["the indefinite length of BER", "24 80 04 00 00 00"],
    ["a long length for a short value", "04 81 01 00"],
    ["a length with a leading zero", "04 82 00 80" + "00".repeat(0x80)],
    ["a length of four bytes", "04 84 01 00 00 00"],
    ["a tag in several bytes", "1f 81 00 00"],
  ] as const
) {
  Deno.test(`readSingle refuses ${name}`, () => {
    assert.throws(() => readSingle(hex(bytes), DerTag.octetString), SyntaxError);
  });
}

Deno.test("decodeObjectIdentifier reads what OpenSSL calls so", () => {
  for (
    const [bytes, dotted] of [
      ["55 04 03", "2.5.4.3"],
      ["2a 86 48 86 f7 0d 01 01 0b", "1.2.840.113549.1.1.11"],
      ["2b 06 01 04 01 e0 39 01 01", "1.3.6.1.4.1.12345.1.1"],
      ["88 37 03", "2.999.3"],
      ["00", "0.0"],
      ["27", "0.39"],
      ["69 83 f0 9d a7 eb cf de e0 c7 a1 a7 b2 c0 94 8c c8 f9 d7 76", "2.25.329800735698586629295641978511506172918"],
    ] as const
  ) assert.equal(decodeObjectIdentifier(hex(bytes)), dotted);
});

Deno.test("decodeObjectIdentifier refuses what is empty, padded, cut off or huge", () => {
  for (const bytes of ["", "2a 80 01", "80 01", "2a 86", "2a" + "01".repeat(64)]) {
    assert.throws(() => decodeObjectIdentifier(hex(bytes)), SyntaxError, bytes);
  }
});

Deno.test("decodeBoolean knows two values only", () => {
  assert.equal(decodeBoolean(hex("ff")), true);
  assert.equal(decodeBoolean(hex("00")), false);
  for (const bytes of ["", "01", "00 00"]) assert.throws(() => decodeBoolean(hex(bytes)), SyntaxError);
});

Deno.test("decodeText keeps every character, and refuses wrong bytes", () => {
  assert.equal(decodeText({ tag: DerTag.utf8String, content: hex("ef bb bf 61") }), "\ufeffa");
  assert.equal(decodeText({ tag: DerTag.printableString, content: ascii("Alice 1") }), "Alice 1");
  assert.equal(decodeText({ tag: 0x1e, content: hex("00 61") }), undefined);
  assert.throws(() => decodeText({ tag: DerTag.utf8String, content: hex("ff") }), SyntaxError);
  assert.throws(() => decodeText({ tag: DerTag.utf8String, content: hex("c0 80") }), SyntaxError);
  assert.throws(() => decodeText({ tag: DerTag.printableString, content: hex("c3 a9") }), SyntaxError);
});

Deno.test("decodeTime reads both forms", () => {
  const time = (tag: number, text: string) => decodeTime({ tag, content: ascii(text) }).toISOString();
  assert.equal(time(DerTag.utcTime, "261231235959Z"), "2026-12-31T23:59:59.000Z");
  assert.equal(time(DerTag.utcTime, "491231235959Z"), "2049-12-31T23:59:59.000Z");
  assert.equal(time(DerTag.utcTime, "500101000000Z"), "1950-01-01T00:00:00.000Z");
  assert.equal(time(DerTag.generalizedTime, "20500228000000Z"), "2050-02-28T00:00:00.000Z");
  assert.equal(time(DerTag.generalizedTime, "99991231235959Z"), "9999-12-31T23:59:59.000Z");
});

Deno.test("decodeTime refuses other forms, and days that there are not", () => {
  for (
    const [tag, text] of [
      [DerTag.utcTime, "2612312359Z"],
      [DerTag.utcTime, "261231235959+0100"],
      [DerTag.utcTime, "260231000000Z"],
      [DerTag.utcTime, "261301000000Z"],
      [DerTag.utcTime, "260101240000Z"],
      [DerTag.utcTime, ""],
      [DerTag.generalizedTime, "261231235959Z"],
      [DerTag.generalizedTime, "20261231235959.5Z"],
      [DerTag.generalizedTime, "20261231235959"],
      [DerTag.integer, "261231235959Z"],
    ] as const
  ) assert.throws(() => decodeTime({ tag, content: ascii(text) }), SyntaxError, text);
});
