import { object, or } from "@optique/core/constructs";
import { message, metavar } from "@optique/core/message";
import { multiple, optional } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, option } from "@optique/core/primitives";
import { choice, string } from "@optique/core/valueparser";
import { certsFolder } from "../connection.ts";
import { print } from "../terminal.ts";

const init = command("init", object({ verb: constant("certs init") }), {
  brief: message`Make a certificate authority.`,
  footer: message`Example: teleworker certs init --certs ./certs`,
});

const server = command(
  "server",
  object({
    verb: constant("certs server"),
    hosts: multiple(
      argument(string({ metavar: "HOST" }), { description: message`A name or address that clients reach it by.` }),
      { min: 1, errors: { tooFew: message`Expected a ${metavar("HOST")}, but too few arguments.` } },
    ),
  }),
  {
    brief: message`Make the server's certificate.`,
    footer: message`Example: teleworker certs server build.example.org 192.0.2.7`,
  },
);

const client = command(
  "client",
  object({
    verb: constant("certs client"),
    name: argument(string({ metavar: "NAME" }), {
      description: message`Who it is for: the owner of the jobs started with it.`,
    }),
    role: optional(option("--role", choice(["admin", "user"], { metavar: "admin|user" }), {
      description: message`admin may do everything, user may look at everything; without it, one's own jobs.`,
    })),
  }),
  {
    brief: message`Make a client's certificate.`,
    footer: message`Example: teleworker certs client alice --role admin`,
  },
);

/** `teleworker certs`. */
export const certsCommand = command(
  "certs",
  or(init, server, client, { errors: { noMatch: message`Say what to make: init, server or client.` } }),
  {
    brief: message`Make the certificates that a server and its clients know each other by.`,
    footer:
      message`Example: teleworker certs init && teleworker certs server localhost 127.0.0.1 && teleworker certs client alice`,
  },
);

/** Makes certificates in a folder; prints the files made. */
export async function certs(flags: InferValue<typeof certsCommand>, folder: string | undefined): Promise<number> {
  // Only here: what makes certificates takes longer to load than all the rest.
  const { addClient, addServer, initAuthority } = await import("../../pki/store.ts");
  const path = certsFolder(folder);
  const make = () => {
    switch (flags.verb) {
      case "certs init":
        return initAuthority(path);
      case "certs server":
        return addServer(path, flags.hosts);
      case "certs client":
        return addClient(path, flags.name, { role: flags.role ?? "operator" });
    }
  };
  const { certificate, privateKey } = await make();
  await print(certificate);
  await print(privateKey);
  return 0;
}
