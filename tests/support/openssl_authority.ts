import { join } from "node:path";

/** Runs the `openssl` program; an `Error` with its stderr if it fails. */
async function openssl(folder: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, cwd: folder, stdin: "null" }).output();
  if (!success) throw new Error(`openssl ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Revokes certificates of an authority with OpenSSL's own means, and writes its list. */
export class OpensslRevocations {
  private constructor(readonly folder: string, readonly certs: string) {}

  /** For the authority in `certs`, whose key is there; `folder` takes the records. */
  static async create(folder: string, certs: string): Promise<OpensslRevocations> {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "index.txt"), "");
    await Deno.writeTextFile(join(folder, "crlnumber"), "01\n");
    const lines = ["[ca]", "default_ca=own", "[own]", "database=index.txt", "crlnumber=crlnumber", "default_md=sha256"];
    await Deno.writeTextFile(join(folder, "openssl.cnf"), `${lines.join("\n")}\n`);
    return new OpensslRevocations(folder, certs);
  }

  /** Takes a client's certificate in. */
  async revoke(client: string): Promise<void> {
    await this.#ca("-revoke", join(this.certs, `client-${client}.pem`));
  }

  /** The list, in PEM; `options` as those of `openssl ca`, valid for a day by default. */
  async list(...options: string[]): Promise<string> {
    await this.#ca("-gencrl", "-out", "crl.pem", ...(options.length === 0 ? ["-crldays", "1"] : options));
    return await Deno.readTextFile(join(this.folder, "crl.pem"));
  }

  async #ca(...args: string[]): Promise<void> {
    const authority = ["-cert", join(this.certs, "ca.pem"), "-keyfile", join(this.certs, "ca-key.pem")];
    await openssl(this.folder, "ca", "-config", "openssl.cnf", ...authority, ...args);
  }
}
