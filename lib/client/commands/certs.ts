import { merge, object, or } from "@optique/core/constructs";
import { message, metavar } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { oneOf } from "../../base/one_of.ts";
import { eachText, repeated } from "../../base/join_repeated.ts";
import { KEY_TYPES } from "../../pki/key_type.ts";
import { known, whole } from "../values.ts";

const days = {
  days: optional(option("--days", whole("DAYS", [1, 3650], "45"), {
    description:
      message`For how long (authority 3650, server 365, client 45); it ends before its authority in any case.`,
  })),
};
const keyType = {
  keyType: optional(option("--key-type", oneOf(KEY_TYPES, "ec-p256|ed25519|rsa-4096"), {
    description: message`What key to make (ec-p256).`,
  })),
};
const force = {
  force: withDefault(flag("--force", { description: message`Replace what is there.` }), false),
};
const csr = {
  csr: optional(option("--csr", known("FILE", "<file>", "server.csr"), {
    description: message`Make no key, but sign this request; the certificate is put beside it.`,
  })),
};
const out = {
  out: optional(option("--out", known("FILE", "<file>", "web2.pem"), {
    description: message`With --csr: where to put the certificate (server.pem beside the request).`,
  })),
};
const hosts = {
  hosts: repeated(
    argument(eachText(string({ metavar: "HOST" })), {
      description: message`A name or address that clients reach it by.`,
    }),
    { min: 1, errors: { tooFew: message`Expected a ${metavar("HOST")}, but too few arguments.` } },
  ),
};
const name = {
  name: argument(string({ metavar: "NAME" }), {
    description: message`Who it is for: the owner of the jobs started with it.`,
  }),
};

const init = command("init", object({ verb: constant("certs init"), ...days, ...keyType, ...force }), {
  brief: message`Make a certificate authority.`,
  footer: message`Example: teleworker certs init --certs ./certs`,
});

const server = command(
  "server",
  merge(
    object({ verb: constant("certs server"), ...hosts }),
    object({ ...days, ...keyType, ...csr, ...out, ...force }),
  ),
  {
    brief: message`Make the server's certificate.`,
    footer: message`Example: teleworker certs server build.example.org 192.0.2.7`,
  },
);

const client = command(
  "client",
  object({
    verb: constant("certs client"),
    ...name,
    role: optional(option("--role", oneOf(["admin", "user"], "admin|user"), {
      description: message`admin may do everything, user may look at everything; without it, one's own jobs.`,
    })),
    ...days,
    ...keyType,
    ...csr,
    ...force,
  }),
  {
    brief: message`Make a client's certificate.`,
    footer: message`Example: teleworker certs client alice --role admin`,
  },
);

const request = command(
  "request",
  or(
    command("server", object({ verb: constant("certs request server"), ...hosts, ...keyType, ...force }), {
      brief: message`Make a server's key and request.`,
      footer: message`Example: teleworker certs request server build.example.org`,
    }),
    command("client", object({ verb: constant("certs request client"), ...name, ...keyType, ...force }), {
      brief: message`Make a client's key and request.`,
      footer: message`Example: teleworker certs request client alice`,
    }),
    { errors: { noMatch: message`Say for whom: server or client.` } },
  ),
  {
    brief: message`Make a key that stays here, and a request to be signed where the authority is.`,
    footer: message`Example: teleworker certs request client alice`,
  },
);

const renew = command(
  "renew",
  object({
    verb: constant("certs renew"),
    name: argument(known("NAME", "<clients>", "alice"), { description: message`A client, or server.` }),
    ...days,
    ...keyType,
  }),
  {
    brief: message`Replace a certificate and its key by new ones for the same name and role, or hosts.`,
    footer: message`Example: teleworker certs renew alice`,
  },
);

const revoke = command(
  "revoke",
  object({
    verb: constant("certs revoke"),
    which: argument(known("NAME|SERIAL", "<clients>", "alice"), {
      description: message`A client with all its certificates, or one by its serial number.`,
    }),
  }),
  {
    brief: message`Revoke certificates: write crl.pem, which goes where the daemon has its ca.pem.`,
    footer: message`Example: teleworker certs revoke alice`,
  },
);

const list = command("list", object({ verb: constant("certs list") }), {
  brief: message`List the certificates made here: who, role, serial number, days left, the file that has it, revoked.`,
  footer: message`Example: teleworker certs list`,
});

const show = command(
  "show",
  object({
    verb: constant("certs show"),
    file: argument(known("FILE", "<file>", "server.pem"), { description: message`In PEM.` }),
  }),
  {
    brief: message`Show what is in a certificate, a request or a revocation list.`,
    footer: message`Example: teleworker certs show server.csr`,
  },
);

/** `teleworker certs`. */
export const certsCommand = command(
  "certs",
  or(init, server, client, request, list, show, renew, revoke, {
    errors: { noMatch: message`Say what to do: init, server, client, request, list, show, renew or revoke.` },
  }),
  {
    brief: message`Make the certificates that a server and its clients know each other by.`,
    footer:
      message`Example: teleworker certs init && teleworker certs server localhost 127.0.0.1 && teleworker certs client alice`,
  },
);

/** What `teleworker certs` was asked to do. */
export type CertsFlags = InferValue<typeof certsCommand>;
