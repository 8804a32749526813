import type { StartRequest } from "../../../lib/contract/mod.ts";
import type { Stream } from "../../../lib/worker/mod.ts";

/** How a program is to end when it has written its lines: by a code, by a signal, or not before it is stopped. */
export type Ending = { readonly code: number } | { readonly signal: string } | "stays";

/** A program that writes numbered lines to both streams. */
export interface Numbered {
  /** So many lines to each. */
  readonly lines: number;
  /** So many between naps. */
  readonly burst: number;
  /** Seconds of a nap. */
  readonly nap: number;
  /** Bytes of a line with its newline: at least 16. */
  readonly width: number;
  readonly ending: Ending;
  /** Gets a line for every time that the program is started. */
  readonly marker: string;
}

/** The variable that every process of such a program has, to find what is left of them. */
export const MARK = "FAULT_SUITE";

const SCRIPT = `
echo started >>"$1"
i=0
while [ $i -lt "$2" ]; do
  i=$((i + 1))
  printf "stdout %0$5d\\n" $i
  printf "stderr %0$5d\\n" $i >&2
  [ $((i % $3)) -ne 0 ] || sleep "$4"
done
case $6 in
stays) exec sleep 1000 ;;
SIG*) ulimit -c 0; kill -"\${6#SIG}" $$ ;;
*) exit "$6" ;;
esac`;

/** The job that runs the program. `mark` is the value of {@linkcode MARK}. */
export function toRequest(program: Numbered, mark: string): StartRequest {
  const { lines, burst, nap, width, ending, marker } = program;
  const end = ending === "stays" ? ending : "code" in ending ? String(ending.code) : ending.signal;
  const words = [marker, lines, burst, nap, width - "stdout \n".length, end].map(String);
  return { command: "sh", args: ["-c", SCRIPT, "sh", ...words], env: { [MARK]: mark } };
}

/** All that the program writes to a stream, if it comes to its end. */
export function textOf({ lines, width }: Numbered, stream: Stream): string {
  const digits = width - "stdout \n".length;
  return Array.from({ length: lines }, (_, index) => `${stream} ${String(index + 1).padStart(digits, "0")}\n`).join("");
}
