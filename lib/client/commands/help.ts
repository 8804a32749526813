import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { argument, command, constant } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import { eachText, repeated } from "../../base/join_repeated.ts";

/** `teleworker help`: in other words `teleworker VERB --help`. */
export const helpCommand = command(
  "help",
  object({
    verb: constant("help"),
    words: repeated(
      argument(eachText(string({ metavar: "VERB" })), { description: message`The verb; without it, all of them.` }),
    ),
  }),
  {
    brief: message`Show what a verb does, with its flags and an example.`,
    footer: message`Example: teleworker help certs init`,
  },
);
