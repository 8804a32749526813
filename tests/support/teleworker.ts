import type { Daemon } from "./daemon.ts";
import { programEnvironment, programWords } from "./programs.ts";

/** How a client ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test wants to be different about a client. */
export interface ClientOptions {
  /** Whose certificate; alice by default. */
  readonly identity?: string;
  /** A program that takes the client's place. */
  readonly program?: readonly [program: string, ...args: string[]];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the real client in a process of its own, with the permissions that users give it. */
export function spawnTeleworker(
  daemon: Pick<Daemon, "address" | "certs">,
  args: readonly string[],
  options: ClientOptions = {},
) {
  const [program, ...words] = options.program ?? programWords("teleworker");
  return new Deno.Command(program, {
    args: [...words, ...args],
    ...programEnvironment({
      TELEWORKER_HOST: daemon.address,
      TELEWORKER_CERTS: daemon.certs,
      TELEWORKER_IDENTITY: options.identity ?? "alice",
      NO_COLOR: "1",
      ...options.env,
    }),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the real client to its end. */
export async function teleworker(
  daemon: Pick<Daemon, "address" | "certs">,
  args: readonly string[],
  options: ClientOptions = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await spawnTeleworker(daemon, args, options).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
