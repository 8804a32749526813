/** An HTTP answer out of a stream of them. */
export interface RawAnswer {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** A character a byte. */
  readonly body: string;
}

/**
 * Reads the answers of a connection, framed as RFC 9112 says, a character a byte. Interim ones (1xx) are passed over.
 * @throws {SyntaxError} for bytes that are no part of an answer, and for one that is cut off.
 */
export function parseAnswers(received: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = received; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n");
    const [line = "", ...fields] = rest.slice(0, end).split("\r\n");
    const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(line)?.[1];
    if (end < 0 || status === undefined) throw new SyntaxError(`Cannot read an answer: ${JSON.stringify(show(rest))}`);
    const headers = new Map(fields.map((field) => {
      const [name = "", ...value] = field.split(":");
      return [name.toLowerCase(), value.join(":").trim()];
    }));
    const [body, length] = readBody(rest.slice(end + 4), Number(status), headers);
    if (Number(status) >= 200) answers.push({ status: Number(status), headers, body });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}

/** The body, and how many bytes of the stream it takes. */
function readBody(text: string, status: number, headers: ReadonlyMap<string, string>): [string, number] {
  if (status < 200 || status === 204 || status === 304) return ["", 0];
  if (headers.get("transfer-encoding") === "chunked") return readChunks(text);
  const length = headers.get("content-length");
  // Until the end of the connection (RFC 9112, 6.3).
  if (length === undefined) return [text, text.length];
  if (text.length < Number(length)) throw new SyntaxError(`Cannot read an answer: it is cut off: ${show(text)}`);
  return [text.slice(0, Number(length)), Number(length)];
}

function readChunks(text: string): [string, number] {
  let body = "";
  for (let at = 0;;) {
    const size = /^([0-9a-f]+)\r\n/i.exec(text.slice(at, at + 20))?.[1];
    if (size === undefined) throw new SyntaxError(`Cannot read an answer: a chunk is wrong: ${show(text.slice(at))}`);
    at += size.length + 2;
    const length = parseInt(size, 16);
    body += text.slice(at, at + length);
    at += length + 2;
    if (length === 0) return [body, at];
  }
}

function show(text: string): string {
  return text.slice(0, 200);
}
