import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { connect, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { codeOf } from "../base/system_error.ts";
import { Authorities } from "../pki/authorities.ts";
import { type Certificate, parseCertificate } from "../pki/certificate.ts";
import type { ClientCredential } from "../pki/find_client.ts";
import { decodeCertificates } from "../pki/pem.ts";
import { inFile } from "../pki/pem_file.ts";
import { checkServer } from "../pki/server_identity.ts";
import { tlsProblem } from "../pki/tls_problem.ts";
import { type UsedCertificate, warnOfExpiry } from "./expiry.ts";
import { Failure } from "./failure.ts";
import { free } from "./free.ts";
import type { Link } from "./link.ts";
import { reasonOf, UNVERIFIED } from "./reason.ts";
import { describeRenewal } from "./renewal.ts";

/** Milliseconds for connecting and the handshake, after which nobody is there who speaks TLS. */
const CONNECT_TIMEOUT = 30_000;
/**
 * Milliseconds without a byte after which the kernel asks whether the server is still there. That alone takes it twelve minutes to give up
 * (tcp(7), `tcp_keepalive_intvl` and `tcp_keepalive_probes`, which node:net cannot set); see silence.ts.
 */
const KEEP_ALIVE = 30_000;

/**
 * Makes what connects to a server by TLS 1.3. Each connection is checked before a byte is sent, also a resumed one: the server must have a
 * certificate that an authority in our `ca.pem`, and nobody else, has signed for this host.
 *
 * @param host A DNS name, or an IP address without brackets.
 * @throws {Failure} when our own certificates are of no use.
 */
export function tlsConnector(host: string, port: number, credential: ClientCredential): () => Promise<Link> {
  const { authorities, used } = usable(credential);
  const { caPem: ca, certificatePem: cert, privateKeyPem: key } = credential;
  return async () => {
    const source = await connectTcp(host, port);
    const stream = connectTls({
      socket: throughDuplex(source),
      servername: isIP(host) === 0 ? host : "",
      ca,
      cert,
      key,
      minVersion: "TLSv1.3",
      // Said, for else NODE_TLS_REJECT_UNAUTHORIZED=0 has our certificate shown to anybody.
      rejectUnauthorized: true,
      // The names are looked at by checkServer, with all the rest.
      checkServerIdentity: () => undefined,
    });
    let problem: unknown = new Error("it did not show a certificate");
    let server: Certificate | undefined;
    stream.once("secureConnect", () => {
      problem = problemOf(stream, host, authorities);
      if (problem === undefined) server = parseCertificate(Uint8Array.from(stream.getPeerCertificate().raw));
    });
    try {
      await opened(stream, "secureConnect");
    } catch (error) {
      if (!UNVERIFIED.includes(codeOf(error))) throw error;
      throw await explainRefusal(host, port, authorities) ?? error;
    }
    if (problem === undefined && server !== undefined) {
      const renewal = "teleworker certs renew server";
      warnOfExpiry([...used, { what: `The certificate of the server "${host}"`, certificate: server, renewal }]);
      return { stream, source };
    }
    stream.destroy();
    throw problem;
  };
}

/**
 * What is wrong with a server's certificate that node:tls has refused: it says the same of all and keeps none. For the message alone; on
 * this connection nothing is shown or sent.
 */
async function explainRefusal(host: string, port: number, authorities: Authorities): Promise<unknown> {
  const socket = connectTls({
    socket: await connectTcp(host, port),
    servername: isIP(host) === 0 ? host : "",
    minVersion: "TLSv1.3",
    rejectUnauthorized: false,
  });
  let problem: unknown;
  socket.once("secureConnect", () => problem = problemOf(socket, host, authorities));
  await opened(socket, "secureConnect").catch(() => {});
  socket.destroy();
  return problem;
}

async function connectTcp(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port });
  await opened(socket, "connect");
  return socket.setKeepAlive(true, KEEP_ALIVE).setNoDelay(true);
}

/** Why this is not the server that we mean; `undefined` if it is. */
function problemOf(socket: TLSSocket, host: string, authorities: Authorities): unknown {
  try {
    checkServer(socket.getPeerCertificate().raw, host, authorities);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Who is trusted, once it is sure that what we show of ourselves can be used, and the certificates of both. */
function usable(credential: ClientCredential): { authorities: Authorities; used: UsedCertificate[] } {
  const { caPem, caFile, certificatePem, privateKeyPem, files } = credential;
  const refuse = (why: string, cause?: unknown) =>
    new Failure(`Cannot use the certificate "${files.certificate}": ${why}`, { cause });
  let certificate: Certificate;
  try {
    certificate = parseCertificate(decodeCertificates(certificatePem)[0] ?? new Uint8Array());
  } catch (error) {
    throw refuse(`it is damaged: ${reasonOf(error)}`, error);
  }
  const problem = tlsProblem(certificate);
  if (problem !== undefined) throw refuse(`it ${problem}`);
  if (!new X509Certificate(certificatePem).checkPrivateKey(readKey(privateKeyPem, files.privateKey))) {
    throw new Failure(
      `Cannot use the private key "${files.privateKey}": it is not that of the certificate "${files.certificate}"`,
    );
  }
  try {
    const authorities = inFile(caFile, () => Authorities.parse(caPem));
    const own = {
      what: `The certificate "${files.certificate}"`,
      certificate,
      renewal: describeRenewal(credential),
    };
    const renewal = "teleworker certs init --certs NEW";
    const others = authorities.expiring().map(({ name, certificate }) => (
      { what: `The authority "${name}" in "${caFile}"`, certificate, renewal }
    ));
    return { authorities, used: [own, ...others] };
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    // The library's words are those of a decoder that was interrupted.
    throw new Failure(`Cannot use the private key "${path}": it is damaged, or of a kind that is unknown`, { cause });
  }
}

/**
 * A socket as any stream. On a socket of its own node:tls of Deno 2.9 never stops reading: it takes what the server sends into memory as
 * fast as that comes, whoever is paused. Of another stream it gets what that has, and this one has nothing while the socket is paused.
 */
function throughDuplex(socket: Socket): Duplex {
  const duplex = new Duplex({
    read() {},
    write: (chunk, _encoding, callback) => socket.write(chunk, callback),
    final: (callback) => socket.end(callback),
    destroy(error, callback) {
      socket.destroy();
      callback(error);
    },
  });
  socket.on("data", (chunk) => {
    duplex.push(chunk);
    // What does not wait here has been copied by node:tls.
    if (duplex.readableLength === 0) free(chunk);
  });
  socket.on("end", () => duplex.push(null));
  socket.on("error", (error) => duplex.destroy(error));
  socket.on("close", () => duplex.destroy());
  return duplex;
}

/** Waits until a socket is ready. */
async function opened(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timeout = () => reject(new Error("it did not answer within 30 seconds"));
  const closed = () => reject(new Error("it closed the connection"));
  socket.once(event, resolve).once("error", reject).once("close", closed);
  socket.setTimeout(CONNECT_TIMEOUT, timeout);
  try {
    await promise;
    socket.setTimeout(0).off("timeout", timeout).off("error", reject).off("close", closed);
  } catch (error) {
    socket.on("error", () => {}).destroy();
    throw error;
  }
}
