import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { type Ended, teleworker } from "../support/teleworker.ts";

/** `teleworker certs` in a folder, and what it made there. */
export class Certs {
  constructor(readonly folder: string) {}

  /** Runs it. */
  async run(...args: string[]): Promise<Ended> {
    return await teleworker({ address: "", certs: this.folder }, ["certs", ...args]);
  }

  /** Its complaint, with the exit code in front. */
  async fails(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    equal(stdout, "");
    return `${code} ${stderr.replace(/^teleworker: /, "").trimEnd()}`;
  }

  /** What it prints, which must be all that it has to say. */
  async prints(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    deepEqual({ code, stderr }, { code: 0, stderr: "" });
    return stdout;
  }

  /** What it lists. */
  async listed(): Promise<
    { name: string; role: string; serial: string; daysLeft: number; file: string | null; revokedAt: string | null }[]
  > {
    return (await this.prints("list", "--output", "json")).trimEnd().split("\n").map((line) => JSON.parse(line));
  }

  /** The path of a file. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** A certificate there. */
  certificate(name: string): X509Certificate {
    return new X509Certificate(Deno.readTextFileSync(this.path(name)));
  }
}
