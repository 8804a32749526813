import { object } from "@optique/core/constructs";
import { message, metavar } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { oneOf } from "../base/one_of.ts";
import { eachText, repeated } from "../base/join_repeated.ts";
import { stdout } from "../base/stdout.ts";
import { writeLineSync } from "../base/write_all.ts";
import { KEY_TYPES } from "../pki/key_type.ts";
import { readOptions } from "./options.ts";

/** `teleworkerd request`. */
export const requestCommand = command(
  "request",
  object({
    verb: constant("request"),
    hosts: repeated(
      argument(eachText(string({ metavar: "HOST" })), {
        description: message`A name or address that clients reach it by.`,
      }),
      { min: 1, errors: { tooFew: message`Expected a ${metavar("HOST")}, but too few arguments.` } },
    ),
    certs: optional(option("--certs", string({ metavar: "DIR" }), {
      description: message`Folder for server-key.pem and server.csr (TELEWORKERD_CERTS).`,
    })),
    keyType: optional(option("--key-type", oneOf(KEY_TYPES, "ec-p256|ed25519|rsa-4096"), {
      description: message`What key to make (ec-p256).`,
    })),
    force: withDefault(flag("--force", { description: message`Replace what is there.` }), false),
  }),
  {
    brief: message`Make a key that stays on this host, and a request to be signed where the authority is.`,
    footer: message`Example: teleworkerd request build.example.org --certs /etc/teleworker/certs`,
  },
);

/** What `teleworkerd request` was asked to make. */
export type RequestCommand = InferValue<typeof requestCommand>;

/**
 * Makes the server's key and the request for its certificate where the daemon's certificates are, and says what comes next.
 *
 * @throws {Deno.errors.AlreadyExists} if one of the files is there, unless it is forced.
 * @throws {TypeError} if a host is neither a DNS name nor an address.
 */
export async function request({ hosts, certs: flag, keyType, force }: RequestCommand): Promise<void> {
  const flags = flag === undefined ? {} : { certs: flag };
  const { certs } = await readOptions(flags, undefined);
  if (certs === undefined) throw new Error("Cannot make a request: name the folder of the certificates with --certs");
  // Only here: what makes certificates would make every start of the daemon slower.
  const { requestServer } = await import("../pki/request.ts");
  const files = await requestServer(certs, hosts, { keyType, force });
  const sign = `teleworker certs server ${hosts.join(" ")} --csr server.csr`;
  writeLineSync(
    stdout,
    `${files.request}: sign it where the authority is (${sign}), then put server.pem and ca.pem beside it`,
  );
}
