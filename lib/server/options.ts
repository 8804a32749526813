import { z } from "zod";
import { reasonOf } from "../base/system_error.ts";
import { readVariable } from "../base/utf8.ts";
import { hostLimitsSchema, parseDuration, parseSize } from "../contract/mod.ts";
import { describeOptionError } from "./option_error.ts";

/** Of jobs' arguments in the audit log: nothing, a keyed hash, or all. */
export const AUDIT_ARGS = ["off", "hash", "full"] as const;

/** Levels of the log, in LogTape's names. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

const path = z.string("must be text").min(1, "must not be empty")
  .refine((path) => path.isWellFormed() && !path.includes("\0"), "must be well-formed Unicode without a NUL character");
const count = z.union(
  [z.int().min(1), z.string().regex(/^[1-9]\d{0,8}$/).transform(Number)],
  "must be a whole number from 1 on",
);

const oneOf = <const Word extends string>(words: readonly Word[]) =>
  z.enum(words, `must be ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`);

/** Limits as JSON text, or in the file as they are. */
const hostLimits = z.unknown().transform((value, context): unknown => {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    context.addIssue("must be JSON");
    return z.NEVER;
  }
}).pipe(z.looseObject({}, "must be a JSON object")).pipe(hostLimitsSchema);

/** Text in people's units, or in the file a number of the smallest; what the parser throws is what the user reads. */
const inUnits = (parse: (text: string) => number) =>
  z.union([z.number(), z.string()], "must be text or a number").transform((value, context) => {
    try {
      if (typeof value === "string") return parse(value);
      if (value > 0) return value;
      context.addIssue("must be above zero");
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : String(error));
    }
    return z.NEVER;
  });

/** Where to listen. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** `HOST:PORT`, `[V6]:PORT`. */
export const addressSchema = z.string("must be HOST:PORT").transform((text, context): Address => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (hostname !== undefined && port <= 65_535) return { hostname, port };
  context.addIssue("must be HOST:PORT");
  return z.NEVER;
});

/**
 * The daemon's options, whichever way they came: as flags, environment variables or a JSON file. Every one is text or, in the
 * file, a number.
 */
export const optionsSchema = z.strictObject({
  /** Where to listen for mutual TLS. Without certificates, and with a socket, it does not. */
  listen: addressSchema.prefault("127.0.0.1:8443"),
  /** A Unix socket for its owner, without certificates. */
  socket: path.optional(),
  /** Folder with `ca.pem`, `server.pem`, `server-key.pem`. */
  certs: path.optional(),
  ca: path.optional(),
  cert: path.optional(),
  key: path.optional(),
  /** Lists of revoked certificates; `crl.pem` in `certs` by default. It need not be there. */
  crl: path.optional(),
  stateDir: path.default("/var/lib/teleworker"),
  cgroupRoot: z.string("must be text")
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "must be letters, digits, dots, dashes and underscores")
    .default("teleworker"),
  /** Where each decision is recorded, a line each; on stderr by default. */
  auditLog: path.optional(),
  /** How much of jobs' arguments is recorded there. */
  auditArgs: oneOf(AUDIT_ARGS).default("off"),
  logLevel: oneOf(LOG_LEVELS).default("info"),
  maxJobs: count.default(1000),
  /** Jobs of one owner that may run at once; as many as of all by default. */
  maxJobsPerOwner: count.optional(),
  /** Limits of jobs whose users ask for none, and what no job may have more of. */
  defaultLimits: hostLimits.default({}),
  maxLimits: hostLimits.default({}),
  /** Bytes kept of each stream of a job. */
  outputMax: inUnits(parseSize).optional(),
  /** What is kept of ended jobs: seconds, jobs, bytes of output. */
  keepFor: inUnits(parseDuration).optional(),
  keepJobs: count.optional(),
  keepBytes: inUnits(parseSize).optional(),
  maxFollowers: count.default(2000),
});
/** See {@linkcode optionsSchema}. */
export type Options = z.output<typeof optionsSchema>;

/** Options as they are written, before anything is known of their values. */
export type RawOptions = { readonly [Name in keyof Options]?: unknown };

/** Names of all options. */
export const OPTION_NAMES = optionsSchema.keyof().options;

const CONFIG_EXAMPLE = "/etc/teleworker/teleworkerd.json";

/** A good value of each option, as its flag takes it. */
const EXAMPLES: Readonly<Record<keyof Options, string>> = {
  listen: "127.0.0.1:8443",
  socket: "/run/teleworker/socket",
  certs: "/etc/teleworker/certs",
  ca: "/etc/teleworker/certs/ca.pem",
  cert: "/etc/teleworker/certs/server.pem",
  key: "/etc/teleworker/certs/server-key.pem",
  crl: "/etc/teleworker/certs/crl.pem",
  stateDir: "/var/lib/teleworker",
  cgroupRoot: "teleworker",
  auditLog: "/var/log/teleworker-audit.log",
  auditArgs: "hash",
  logLevel: "info",
  maxJobs: "1000",
  maxJobsPerOwner: "100",
  maxFollowers: "2000",
  defaultLimits: '{"memoryBytes": 1073741824}',
  maxLimits: '{"memoryBytes": 1073741824}',
  outputMax: "1G",
  keepFor: "7d",
  keepJobs: "1000",
  keepBytes: "20G",
};

function isOption(name: unknown): name is keyof Options {
  return typeof name === "string" && Object.hasOwn(EXAMPLES, name);
}

/** The environment variable of an option: `stateDir` is `TELEWORKERD_STATE_DIR`. */
export function variableOf(option: string): string {
  return `TELEWORKERD_${option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** The flag of an option: `stateDir` is `--state-dir`. */
export function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * The options of this start: flags go before the environment, that before the file, which the environment may name too.
 * @throws {Error} naming the option that is wrong and why.
 */
export async function readOptions(flags: RawOptions, configFile: string | undefined): Promise<Options> {
  const given: Record<string, unknown> = { ...await readConfig(configFile), ...readEnvironment(), ...flags };
  const result = optionsSchema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const option = issue?.path[0];
  if (issue !== undefined && isOption(option)) {
    const flag = flagOf(option);
    throw new Error(describeOptionError({ flag, value: given[option], example: EXAMPLES[option] }, issue));
  }
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : option;
  throw new Error(`Cannot use the configuration: unknown option "${String(unknown)}"`);
}

/** Whether flags or the environment name any option. */
export function namesOptions(flags: RawOptions): boolean {
  return Object.keys({ ...readEnvironment(), ...flags }).length > 0;
}

function readEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const option of OPTION_NAMES) {
    const value = readVariable(variableOf(option));
    if (value !== undefined) environment[option] = value;
  }
  return environment;
}

async function readConfig(file: string | undefined): Promise<Record<string, unknown>> {
  if (file === undefined) return {};
  if (file === "") throw new Error(`Cannot use --config "": it must not be empty, such as "${CONFIG_EXAMPLE}"`);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(file));
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError
      ? "it must hold a JSON object"
      : error instanceof TypeError
      ? "it is not valid UTF-8"
      : reasonOf(error);
    throw new Error(`Cannot read the configuration "${file}": ${reason}`);
  }
}
