import { z } from "zod";
import { reasonOf } from "../base/system_error.ts";
import { readVariable } from "../base/utf8.ts";
import { hostLimitsSchema, parseDuration, parseSize } from "../contract/mod.ts";

/** Of jobs' arguments in the audit log: nothing, a keyed hash, or all. */
export const AUDIT_ARGS = ["off", "hash", "full"] as const;

/** Levels of the log, in LogTape's names. */
export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;

const path = z.string().min(1, "must not be empty")
  .refine((path) => path.isWellFormed() && !path.includes("\0"), "must be well-formed Unicode without a NUL character");
const count = z.union(
  [z.int().min(1), z.string().regex(/^[1-9]\d{0,8}$/).transform(Number)],
  "must be a whole number from 1 on",
);

const oneOf = <const Word extends string>(words: readonly Word[]) =>
  z.enum(words, `must be ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`);

/** Text that a function parses; what it throws is what the user reads, unless `refusal` says it better. */
const parsed = <T>(parse: (text: string) => T, refusal?: string) =>
  z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue(refusal ?? (error instanceof Error ? error.message : String(error)));
      return z.NEVER;
    }
  });

/** Limits as JSON text, or in the file as they are. */
const hostLimits = z.union([
  parsed((text): unknown => JSON.parse(text), "must be JSON").pipe(hostLimitsSchema),
  hostLimitsSchema,
]);

/** Text in people's units, or in the file a number of the smallest. */
const inUnits = (parse: (text: string) => number) =>
  z.union([z.number().positive("must be above zero"), parsed(parse)]);

/** Where to listen. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** `HOST:PORT`, `[V6]:PORT`. */
export const addressSchema = z.string().transform((text, context): Address => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (hostname !== undefined && port <= 65_535) return { hostname, port };
  context.addIssue(`must be HOST:PORT, not "${text}"`);
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
  cgroupRoot: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "must be letters, digits, dots, dashes and underscores")
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
  if (issue?.code === "unrecognized_keys") {
    throw new Error(`Cannot use the configuration: unknown option "${issue.keys[0]}"`);
  }
  const name = issue?.path.join(".") ?? "";
  const [value, why] = [given[name], issue?.message ?? ""];
  const shown = (typeof value === "string" || typeof value === "number") && value !== "" && !why.includes(`"${value}"`);
  throw new Error(`Cannot use the option "${flagOf(name)}": ${why}${shown ? `, not "${value}"` : ""}`);
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
