import { dirname } from "node:path";
import { isThere, removeIfThereSync } from "../base/files.ts";
import { bytesOf, type Content, type Step } from "./plan.ts";

/**
 * Carries out a plan, all of it or nothing: when a step fails, what was made and replaced before is put back. What was removed and
 * run is not. Nothing here waits, so that no signal comes in between.
 * @throws {Error} when a step fails.
 */
export function carryOut(steps: readonly Step[]): void {
  using tidy = new DisposableStack();
  const undo = new DisposableStack();
  try {
    for (const step of steps) named(step, () => carryOutOne(step, undo, tidy));
  } catch (error) {
    try {
      undo.dispose();
    } catch (left) {
      throw new Error(`${messageOf(error)}; and cannot put back what was there: ${messageOf(left)}`, { cause: error });
    }
    throw error;
  }
}

/** Says which step it is that fails, as the kernel does not. */
function named(step: Step, call: () => void): void {
  try {
    call();
  } catch (error) {
    if (step.action === "run") throw error;
    const reason = messageOf(error).replace(/ \(os error.*/s, "");
    throw new Error(`Cannot ${step.action} "${step.path}": ${reason}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * @param undo What takes it back, the last first.
 * @param tidy What is left to do then, and where nothing is taken back.
 */
function carryOutOne(step: Step, undo: DisposableStack, tidy: DisposableStack): void {
  switch (step.action) {
    case "keep":
      return;
    case "remove":
      return Deno.removeSync(step.path);
    case "run":
      return run(step.words);
    case "make":
      return makeFolder(step.path, step.mode, undo);
    case "restrict": {
      const mode = Deno.statSync(step.path).mode ?? 0;
      Deno.chmodSync(step.path, step.mode);
      return undo.defer(() => Deno.chmodSync(step.path, mode % 0o10000));
    }
    case "write": {
      using unfinished = writeBeside(step.path, step.mode, step.content, undo);
      // Unlike a rename it fails where somebody else was faster.
      Deno.linkSync(unfinished.path, step.path);
      return undo.defer(() => Deno.removeSync(step.path));
    }
    case "replace": {
      using unfinished = writeBeside(step.path, step.mode, step.content, undo);
      const old = `${unfinished.path}.old`;
      Deno.linkSync(step.path, old);
      tidy.defer(() => removeIfThereSync(old));
      // A program that runs cannot be written to, but another can take its name.
      Deno.renameSync(unfinished.path, step.path);
      return undo.defer(() => Deno.renameSync(old, step.path));
    }
  }
}

/** Makes a folder with a mode whatever the umask, and those above it that are missing for everyone to enter. */
function makeFolder(path: string, mode: number, undo: DisposableStack): void {
  try {
    Deno.mkdirSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    makeFolder(dirname(path), 0o755, undo);
    Deno.mkdirSync(path);
  }
  undo.defer(() => Deno.removeSync(path));
  Deno.chmodSync(path, mode);
}

/** Writes a file that is on the disk before it gets its name, beside that; what has got none is removed. */
function writeBeside(path: string, mode: number, content: Content, undo: DisposableStack) {
  const folder = dirname(path);
  if (!isThere(folder)) makeFolder(folder, 0o755, undo);
  const unfinished = Deno.makeTempFileSync({ dir: folder, prefix: ".teleworkerd-" });
  using failed = new DisposableStack();
  failed.defer(() => removeIfThereSync(unfinished));
  using file = Deno.openSync(unfinished, { write: true });
  const bytes = bytesOf(content);
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
  Deno.chmodSync(unfinished, mode);
  file.syncSync();
  failed.move();
  return { path: unfinished, [Symbol.dispose]: () => removeIfThereSync(unfinished) };
}

function run([program, ...args]: readonly [string, ...string[]]): void {
  const { success, stderr } = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "piped" })
    .outputSync();
  if (success) return;
  throw new Error(`Cannot run "${[program, ...args].join(" ")}": ${new TextDecoder().decode(stderr).trim()}`);
}
