import { join } from "node:path";
import { Authorities } from "../../../lib/pki/authorities.ts";
import type { Answer } from "../../../lib/server/app.ts";
import { Audit } from "../../../lib/server/log/audit.ts";
import { TIMEOUTS, type Timeouts } from "../../../lib/server/transport/timeouts.ts";
import { TlsListener } from "../../../lib/server/transport/tls_listener.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { TemporaryFolder } from "../../support/folder.ts";

/** A TLS listener in the test's own process, on a free port and with certificates of its own. */
export class TestListener implements AsyncDisposable {
  readonly certs: string;
  readonly address: string;

  private constructor(readonly folder: TemporaryFolder, readonly listener: TlsListener, readonly audit: Audit) {
    this.certs = folder.path;
    this.address = `127.0.0.1:${listener.port}`;
  }

  /** Begins to listen; time-outs that are not given are the real ones. */
  static async start(answer: Answer, timeouts: Partial<Timeouts> = {}): Promise<TestListener> {
    const folder = await TemporaryFolder.create();
    await makeCertificates(folder.path);
    const read = (file: string) => Deno.readTextFileSync(join(folder.path, file));
    const ca = read("ca.pem");
    const authorities = Authorities.parse(ca);
    const credentials = {
      ca,
      crl: undefined,
      authorities,
      certificate: read("server.pem"),
      key: read("server-key.pem"),
    };
    const audit = new Audit({ auditLog: join(folder.path, "audit.log"), auditArgs: "off" });
    const listener = await TlsListener.listen({
      ...{
        hostname: "127.0.0.1",
        port: 0,
        credentials,
        answer,
        audit,
        maxConnections: 100,
        maxHandshakes: 25,
        maxConnectionsOfOne: 70,
      },
      timeouts: { ...TIMEOUTS, ...timeouts },
    });
    return new TestListener(folder, listener, audit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener[Symbol.asyncDispose]();
    this.audit[Symbol.dispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}
