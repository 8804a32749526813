import { bytesOf } from "./bytes.ts";

/** A request and what must become of it. */
export interface Shape {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Refused and the connection closed; or answered with a status and whatever comes behind it as well; or answered, perhaps, as the
   * last one of its connection.
   */
  readonly expected: "refused" | { readonly status: number } | { readonly last: number };
}

/** The path of a request that only a server sees which takes a body for a request. */
export const SMUGGLED = "/smuggled";
const HIDDEN = `GET ${SMUGGLED} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const HOST = "Host: localhost";
const CHUNKED = "Transfer-Encoding: chunked";
/** An array where an object is wanted: whoever reads it says 400, and goes on. */
const BODY = "2\r\n[]\r\n0\r\n\r\n";
const END = "0\r\n\r\n";

const REFUSED = "refused";
const GOOD = { status: 200 };
const READ = { status: 400 };
const MISSING = { status: 404 };

type Row = readonly [name: string, request: string, expected: Shape["expected"]];

/** A POST of a body with these headers. */
function post(headers: string, body: string): string {
  return `POST /v1/jobs HTTP/1.1\r\n${HOST}\r\nContent-Type: application/json\r\n${headers}\r\n\r\n${body}`;
}

/** A GET of a target with these headers. */
function get(headers: string, target = "/v1/version"): string {
  return `GET ${target} HTTP/1.1\r\n${headers}\r\n\r\n`;
}

/** RFC 9112, 6: how long a body is. */
const LENGTHS: readonly Row[] = [
  ["one length", post("Content-Length: 2", "[]"), READ],
  ["the same length twice", post("Content-Length: 2\r\nContent-Length: 2", "[]"), REFUSED],
  ["two lengths", post(`Content-Length: 2\r\nContent-Length: ${2 + HIDDEN.length}`, `[]${HIDDEN}`), REFUSED],
  ["a list of lengths", post("Content-Length: 2, 2", "[]"), REFUSED],
  ["a length before chunks", post(`Content-Length: ${5 + HIDDEN.length}\r\n${CHUNKED}`, END + HIDDEN), REFUSED],
  ["a length behind chunks", post(`${CHUNKED}\r\nContent-Length: 4`, `2b\r\n${HIDDEN}\r\n${END}`), REFUSED],
  ...["+2", "-2", "0x2", "", "2 2", "2.0", "18446744073709551618", "9".repeat(40)].map((length): Row => [
    `the length ${JSON.stringify(length)}`,
    post(`Content-Length: ${length}`, "[]"),
    REFUSED,
  ]),
  ...["chunked, identity", "xchunked", "identity", '"chunked"', "\x0bchunked", "chunked, chunked", ""].map((
    coding,
  ): Row => [`the coding ${JSON.stringify(coding)}`, post(`Transfer-Encoding: ${coding}`, BODY), REFUSED]),
  ...["gzip, chunked", "identity, chunked"].map((coding): Row => [
    `the coding ${JSON.stringify(coding)}`,
    post(`Transfer-Encoding: ${coding}`, BODY),
    { status: 501 },
  ]),
  ["a length beside another coding", post("Transfer-Encoding: identity\r\nContent-Length: 2", "[]"), REFUSED],
  ["two codings", post(`${CHUNKED}\r\nTransfer-Encoding: identity`, END), REFUSED],
  ["a coding in capitals", post("Transfer-Encoding: CHUNKED", BODY), READ],
  ["a coding behind a tab", post("Transfer-Encoding:\tchunked", BODY), READ],
  ["a blank before the colon of a coding", post("Transfer-Encoding : chunked", END), REFUSED],
  ["a folded coding", post("Transfer-Encoding:\r\n chunked", END), REFUSED],
  ["chunks in HTTP/1.0", post(CHUNKED, END).replace("1.1", "1.0"), { last: 400 }],
  ["a GET with a body", get(`${HOST}\r\nContent-Length: ${HIDDEN.length}`) + HIDDEN, GOOD],
  ["a GET with chunks", `${get(`${HOST}\r\n${CHUNKED}`)}2b\r\n${HIDDEN}\r\n${END}`, GOOD],
  [
    "a DELETE with a body",
    `DELETE /v1/jobs/x HTTP/1.1\r\n${HOST}\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
    MISSING,
  ],
];

/** RFC 9112, 7.1: chunks. */
const CHUNKS: readonly Row[] = [
  ["a chunk", BODY, READ],
  ["a chunk's size with zeros", `${"0".repeat(100)}${BODY}`, READ],
  ["a chunk's extension", `2;a=b\r\n[]\r\n0;x\r\n\r\n`, READ],
  ["a trailer", "2\r\n[]\r\n0\r\nX-Trailer: x\r\n\r\n", READ],
  ["a trailer with a length", "2\r\n[]\r\n0\r\nContent-Length: 50\r\n\r\n", REFUSED],
  ["a trailer without a colon", "2\r\n[]\r\n0\r\nFoo bar\r\n\r\n", REFUSED],
  ...["2x", "+2", "-2", "0x2", " 2", "2 ", "0_2", "", "2\r", "1" + "0".repeat(15) + "2", "f".repeat(1000)].map((
    size,
  ): Row => [`a chunk's size ${JSON.stringify(size.slice(0, 20))}`, `${size}\r\n[]\r\n${END}`, REFUSED]),
  ["a chunk's quoted extension with a line end", '2;a="\r\n"[]\r\n0\r\n\r\n', REFUSED],
  ["a chunk's extension with a bare line feed", "2;a\n[]\r\n0\r\n\r\n", REFUSED],
  ["chunks with bare line feeds", "2\n[]\n0\n\n", REFUSED],
  ["a chunk without its end", "2\r\n[]0\r\n\r\n", REFUSED],
  ["a chunk longer than its size", `1\r\n[]\r\n${END}`, REFUSED],
].map(([name, body, expected]): Row => [String(name), post(CHUNKED, String(body)), toExpected(expected)]);

function toExpected(expected: unknown): Shape["expected"] {
  return expected === READ ? READ : REFUSED;
}

/** RFC 9112, 2, 3 and 5: lines and fields. */
const LINES: readonly Row[] = [
  ["bare line feeds", "GET /v1/version HTTP/1.1\nHost: localhost\n\n", REFUSED],
  ["one bare line feed", get(`${HOST}\nX: y`), REFUSED],
  ["a bare carriage return", get(`${HOST}\rX: y`), REFUSED],
  ["two carriage returns", get(`${HOST}\r\nX: a\r\r\nY: b`), REFUSED],
  ["a NUL in a value", get(`${HOST}\r\nX: a\0b`), REFUSED],
  ["a NUL in a name", get(`${HOST}\r\nX\0: ab`), REFUSED],
  ["a NUL in the target", get(HOST, "/v1/ver\0sion"), REFUSED],
  ["obsolete folding", get(`${HOST}\r\nX: a\r\n b`), REFUSED],
  ["folding of the first line", `GET /v1/version HTTP/1.1\r\n X: y\r\n${HOST}\r\n\r\n`, REFUSED],
  ["a blank before a colon", get(`${HOST}\r\nX : a`), REFUSED],
  ["no colon", get(`${HOST}\r\nXa`), REFUSED],
  ["an empty name", get(`${HOST}\r\n: a`), REFUSED],
  ["names that mean something to JavaScript", get(`${HOST}\r\n__proto__: x\r\nconstructor: y`), GOOD],
  ["bytes above 127 in a value", get(`${HOST}\r\nX: \xff\xfe`), GOOD],
  ["two hosts", get(`${HOST}\r\n${HOST}`), READ],
  ["two different hosts", get(`${HOST}\r\nHost: other`), READ],
  ["a host that is none", get("Host: a b/c@d"), READ],
  ["no host", get("X: y"), REFUSED],
  ["empty lines before", `\r\n\r\n${get(HOST)}`, GOOD],
  ["a blank before", ` ${get(HOST)}`, REFUSED],
  ["a method with a sign", "G@T /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED],
  ["a method in small letters", "get /v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n", REFUSED],
  ["a method of 100 KB", `${"A".repeat(100_000)} / HTTP/1.1\r\n${HOST}\r\n\r\n`, REFUSED],
  ["CONNECT", "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n", REFUSED],
  ["CONNECT of a path", `CONNECT /v1/version HTTP/1.1\r\n${HOST}\r\n\r\n`, REFUSED],
  ["OPTIONS *", `OPTIONS * HTTP/1.1\r\n${HOST}\r\n\r\n`, READ],
  ["TRACE", `TRACE /v1/version HTTP/1.1\r\n${HOST}\r\nX-Secret: s\r\n\r\n`, READ],
  ["HTTP/0.9", "GET /v1/version\r\n\r\n", { last: 505 }],
  ["HTTP/1.0", get("X: y").replace("1.1", "1.0"), { last: 200 }],
  ["HTTP/1.0 that wants to go on", get(`${HOST}\r\nConnection: keep-alive`).replace("1.1", "1.0"), { last: 200 }],
  ["HTTP/2.0", get(HOST).replace("1.1", "2.0"), { last: 505 }],
  ...["1.2", "9.9", "1.11", "11", "1.1 "].map((version): Row => [
    `HTTP/${version}`,
    get(HOST).replace("1.1", version),
    REFUSED,
  ]),
  ["http/1.1 in small letters", get(HOST).replace("HTTP", "http"), REFUSED],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", REFUSED],
  ["an upgrade to h2c", get(`${HOST}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c`), { last: 200 }],
  ["an upgrade to a web socket", get(`${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket`), { last: 200 }],
  ["an expectation", post("Expect: 100-continue\r\nContent-Length: 2", "[]"), READ],
  ["an unknown expectation", post("Expect: x\r\nContent-Length: 2", "[]"), { status: 417 }],
];

/** RFC 9112, 3.2, and RFC 3986: targets. */
const TARGETS: readonly Row[] = [
  ...["http://other/v1/version", "http://a:b@other/v1/version", "/v1/jobs/%2e%2e/version", "/v1/jobs/../version"].map((
    target,
  ): Row => [`the target ${target}`, get(HOST, target), GOOD]),
  ...[
    "//other/v1/version",
    "http:///v1/version",
    "file:///etc/passwd",
    "/v1/jobs/%2e%2e%2fversion",
    "/v1/jobs/..%5c..%5cversion",
  ]
    .map((target): Row => [`the target ${target}`, get(HOST, target), MISSING]),
  ...["%00", "%zz", "%", "%ff%fe", "%c0%ae%c0%ae", "%ed%a0%80", "%u0041", "%f8%80%80%80%80"].map((
    id,
  ): Row => [`the path ${id}`, get(HOST, `/v1/jobs/${id}`), MISSING]),
  ["the query %00", get(HOST, "/v1/jobs?name=%00"), GOOD],
  // Read as U+FFFD they would be another name.
  ...["%ff", "%c0%80", "%"].map((name): Row => [`the query ${name}`, get(HOST, `/v1/jobs?name=${name}`), READ]),
  ["a parameter twice", get(HOST, "/v1/jobs?name=a&name=b"), READ],
  ["a parameter twice, once escaped", get(HOST, "/v1/jobs?name=a&n%61me=b"), READ],
  ...["*", "http://"].map((target): Row => [`the target ${target}`, get(HOST, target), READ]),
  ...["data:text/plain,x", "javascript:1", "v1/version", "/v1/ver sion", "/v1/ver\tsion", "/v1/\xc3\xa4", "/v1/\xff"]
    .map((target): Row => [`the target ${JSON.stringify(target)}`, get(HOST, target), REFUSED]),
];

/** Every shape. */
export const SHAPES: readonly Shape[] = [...LENGTHS, ...CHUNKS, ...LINES, ...TARGETS].map((
  [name, request, expected],
) => ({ name, bytes: bytesOf(request), expected }));
