import { cutText } from "../base/cut_text.ts";
import { type Elf, parseElf } from "./elf.ts";
import type { Ended, Spec } from "./records.ts";

/**
 * Says why a job could not be started, by what its launch said of it (exec.sh). Any process of the job's user could have said that, so
 * nothing of it is repeated but the words of errno(3), a mount point and the name of an interpreter.
 * @param detail in hexadecimal, as a job's record has it.
 * @returns null when the launch said nothing that can be told.
 */
export function failureReason(
  { command, cwd }: Pick<Spec, "command" | "cwd">,
  failure: Ended["failure"],
  detail: string,
): string | null {
  const said = Uint8Array.fromHex(detail);
  const sentence = (start: string, reason: string | null) => reason === null ? null : `${start}: ${reason}`;
  switch (failure) {
    case "cwd":
      return sentence(`Cannot enter the working directory "${cwd}"`, pathReason(decode(said)));
    case "program":
      return sentence(`Cannot start "${command}"`, programReason(decode(said)));
    case "exec":
      return sentence(`Cannot start "${command}"`, executionReason(said));
    default:
      return null;
  }
}

/** Most characters of a mount point that are repeated: as many as of the name of an interpreter. */
const MOST_SHOWN = 256;

function decode(bytes: Uint8Array<ArrayBuffer>): string {
  return new TextDecoder().decode(bytes);
}

/** ETXTBSY. */
const BUSY = "another process has it open for writing";

/** What a launch says by itself; the rest is the complaint of a shell that could not open something. */
const REASONS = ["no such program in PATH", "it is a directory", "it is not a directory"];

function pathReason(said: string): string | null {
  const text = said.trimEnd();
  return REASONS.includes(text) ? text : systemReason(text);
}

/** The words of errno(3) at the end of a shell's complaint, which begins with its own name and a path. */
function systemReason(complaint: string): string | null {
  // bash adds a line that says "Success" of a program that the kernel refused.
  const words = [...complaint.matchAll(/: ([A-Za-z][\w /'-]{2,80})$/gm)].flatMap(([, words = ""]) =>
    words === "Success" ? [] : [words]
  ).at(-1);
  if (words === undefined) return null;
  if (/^(no such file|not found|not a directory|nonexistent)/i.test(words)) return "no such file";
  if (/^text file busy/i.test(words)) return BUSY;
  return words.charAt(0).toLowerCase() + words.slice(1);
}

function programReason(said: string): string | null {
  const [first = "", mode = "", options = ""] = said.trimEnd().split("\n");
  if (first !== "it is not executable") return pathReason(said);
  if (!/^-.*[xst]/.test(mode)) return first;
  const [, flags = "", target = ""] = /^(\S+) +(.+)$/.exec(options) ?? [];
  return flags.split(",").includes("noexec")
    ? `${
      target.startsWith("/") ? `the file system at "${cutText(target, MOST_SHOWN)}"` : "its file system"
    } is mounted with noexec`
    : "permission denied";
}

/** What `cannot_execute` of exec.sh writes: the shell's complaint, its exit code, the token, what it found of the file, the token. */
const EXECUTION = /^([^]*?)(?<![^\n])(12[67])\n([0-9a-f-]{36})\n(?:([^]*)\n(found)?\n\3\n)?$/;

function executionReason(said: Uint8Array<ArrayBuffer>): string | null {
  const [, complaint = "", code, , head = "", found] = EXECUTION.exec(String.fromCharCode(...said)) ?? [];
  if (code === undefined) return null;
  const missing = code === "127";
  const words = systemReason(complaint);
  const bytes = Uint8Array.from(head, (letter) => letter.charCodeAt(0));
  const elf = parseElf(bytes);
  if (elf !== null) return elfReason(elf, missing, words);
  // As far as the kernel reads.
  const [, interpreter] = /^#![ \t]*([^ \t\n\0]+)/.exec(decode(bytes.subarray(0, 256))) ?? [];
  if (interpreter !== undefined) {
    return interpreterReason(interpreter, { missing, found: found !== undefined, words });
  }
  if (missing) return "it, or the interpreter that it names, is not there";
  return otherReason(words);
}

function interpreterReason(
  interpreter: string,
  { missing, found, words }: { missing: boolean; found: boolean; words: string | null },
): string | null {
  const shown = `its interpreter "${interpreter.replaceAll("\r", "\\r")}"`;
  if (missing && !found) return `${shown} does not exist${lineEnds(interpreter)}`;
  if (missing) return `${shown} cannot be executed: something that it needs itself does not exist`;
  if (words === "permission denied") return `${shown} is not executable`;
  return words === null || words === BUSY ? words : `${shown} cannot be executed: ${words}`;
}

function lineEnds(interpreter: string): string {
  if (!interpreter.endsWith("\r")) return "";
  return ": the file has the line ends of Windows (CR LF), and needs those of Unix (LF)";
}

function otherReason(words: string | null): string | null {
  return words === null || [BUSY, "permission denied"].includes(words) ? words : `the host cannot execute it: ${words}`;
}

function elfReason({ architecture, loader }: Elf, missing: boolean, words: string | null): string | null {
  const shown = loader === null ? "its dynamic loader" : `its dynamic loader "${loader}"`;
  if (architecture !== Deno.build.arch && (missing || words === "exec format error")) {
    return `it is made for another architecture (${architecture})`;
  }
  if (missing) return `${shown} does not exist: it is made for another system, such as one with another C library`;
  if (words === "permission denied") return `${shown} is not executable`;
  return otherReason(words);
}
