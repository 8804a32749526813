import { removeAllIfThere } from "../base/files.ts";
import { logger } from "./logger.ts";
import { join } from "node:path";
import { type Host, inUse, noteEnd, recordEnd, tidy } from "./host.ts";
import { noteGaps } from "./gaps.ts";
import { setAside } from "./damaged.ts";
import { leaveLongWords } from "./long_words.ts";
import { isAlive, type Process } from "./process.ts";
import { DamageError, isEmptied, readRecord } from "./read_record.ts";
import { type Spec, specSchema } from "./records.ts";
import type { Entry } from "./registry.ts";
import { REMOVED } from "./remove.ts";
import { outliveRunner } from "./runner_processes.ts";
import { discard, noteStart, readClaim } from "./start.ts";
import { jobFolder } from "./state_folder.ts";
import { kill, killAfter } from "./stop.ts";
import { readNote, secondsLeft } from "./stop_note.ts";
import { superviseTimeout } from "./timeout.ts";
import { inTurns } from "./turns.ts";
import { z } from "zod";

/** Whether this is a job's id, as we write them. */
const isId = (name: string) => name === name.toLowerCase() && z.uuid().safeParse(name).success;

/**
 * Rebuilds from the disk what an earlier worker knew, and goes on where it stopped.
 * @throws {WorkerError} `closing` when the worker closes before it is done.
 */
export async function adopt(host: Host): Promise<void> {
  const specs: Spec[] = [];
  for await (const found of inTurns(Deno.readDirSync(host.state.jobs), host.closing)) {
    const { name } = found;
    if (name.endsWith(REMOVED)) await clearAway(name, () => removeAllIfThere(join(host.state.jobs, name)));
    else if (isId(name)) {
      const spec = await readSpec(host, found);
      if (spec !== null) specs.push(leaveLongWords(host, spec));
    }
  }
  specs.sort((a, b) => a.sequence - b.sequence);
  const cgroups = new Set(host.cgroups.list());
  for await (const spec of inTurns(specs, host.closing)) {
    const entry = host.registry.add(spec);
    if (cgroups.has(spec.id)) entry.cgroup = inUse(host.cgroups.open(spec.id));
    if (readRecords(host, entry) && entry.ended === null) await takeOver(host, entry);
  }
  await sweep(host);
}

/** What was asked; null where there is no job, or a damaged one, which is set aside. */
async function readSpec(host: Host, { name: id, isDirectory }: Deno.DirEntry): Promise<Spec | null> {
  const folder = jobFolder(host.state, id);
  try {
    // Not through a symbolic link either.
    if (!isDirectory) throw new DamageError("its folder is not a directory");
    const spec = readRecord(join(folder, "spec.json"), specSchema)?.record;
    if (spec === undefined) await removeUnpromised(folder);
    else if (spec.id !== id) throw new DamageError(`its record "spec.json" is that of job "${spec.id}"`);
    return spec ?? null;
  } catch (error) {
    setAside(host, { id, spec: null }, error);
    return null;
  }
}

/** Removes what a crash left before anything was promised to anybody: at most a specification that was not yet whole. */
async function removeUnpromised(folder: string): Promise<void> {
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.startsWith("spec.json.")) throw new DamageError('its record "spec.json" is missing');
  }
  await removeAllIfThere(folder);
}

/** Reads how a job was left, or sets it aside. */
function readRecords(host: Host, entry: Entry): boolean {
  try {
    if (isOfEarlierBoot(host, entry)) removeEmptied(host, entry);
    noteEnd(host, entry);
    noteStart(host, entry);
    if (entry.ended === null) noteGaps(host, entry);
    return true;
  } catch (error) {
    setAside(host, { id: entry.spec.id, spec: entry.spec }, error);
    return false;
  }
}

function isOfEarlierBoot(host: Host, { spec }: Entry): boolean {
  return spec.bootId !== null && spec.bootId !== host.bootId;
}

/** Removes records of which a power cut has left the name only: what was written in the last seconds before it is not on the disk. */
function removeEmptied(host: Host, { spec }: Entry): void {
  for (const name of ["started.json", "ended.json"]) {
    const path = join(jobFolder(host.state, spec.id), name);
    if (isEmptied(path)) Deno.removeSync(path);
  }
}

/** Goes on with a job that has not ended. What does not work now is tried again by the watch. */
async function takeOver(host: Host, entry: Entry): Promise<void> {
  try {
    // One that starts only now is supervised by the look that finds it.
    const runs = entry.started !== null;
    await look(host, entry);
    if (entry.ended !== null) return;
    if (runs) superviseTimeout(host, entry);
    resumeStop(host, entry);
  } catch (error) {
    if (error instanceof DamageError) setAside(host, { id: entry.spec.id, spec: entry.spec }, error);
    else logger.error("Cannot adopt job {id}: {error}", { id: entry.spec.id, error });
  }
}

/** Goes on with a stop that an earlier worker began. */
function resumeStop(host: Host, entry: Entry): void {
  const resume = async () => {
    for (const note of ["stop.json", "timeout.json"] as const) {
      const stop = readNote(host, entry, note);
      if (stop === undefined) continue;
      // That daemon may have ended while it had the job frozen, to signal all of it at once.
      if (entry.spec.stopScope === "all") entry.cgroup?.thaw();
      // Of a timeout tells who supervises it.
      if (note === "stop.json") tellStop(host, entry, "It was to be stopped, and the daemon ended before it had");
      // The signal is not sent again: a second one means "at once" to many programs.
      await killAfter(host, entry, secondsLeft(stop));
    }
  };
  resume().catch((error) => {
    if (!host.closing.aborted) logger.error("Cannot stop job {id}: {error}", { id: entry.spec.id, error });
  });
}

/**
 * Looks whether a running job has ended, and whether its runner is there to tell. Without its runner nobody will ever know how the
 * job ends: then what is left of it is killed and it is lost.
 */
export async function look(host: Host, entry: Entry): Promise<void> {
  const runner = entry.runner ?? await claim(host, entry);
  const ran = entry.started !== null || runner.startTime !== 0 || isOfEarlierBoot(host, entry);
  if (!ran) return await discard(host, entry);
  // A claim of our own names nobody: where time is coarse, process 1 may well have begun at 0.
  if (runner.startTime !== 0 && isAlive(runner, host.bootId)) return noteLateStart(host, entry);
  // After the look at the process: a runner that has gone has recorded the end before.
  noteEnd(host, entry);
  if (entry.ended === null) await lose(host, entry);
  await tidy(host, entry);
}

async function lose(host: Host, entry: Entry): Promise<void> {
  if (entry.started === null) noteStart(host, entry);
  if (!isOfEarlierBoot(host, entry)) {
    await kill(host, entry);
    await outliveRunner(jobFolder(host.state, entry.spec.id));
  }
  // What a drain that was killed tried a full disk with would take the space of the record.
  for (const name of ["stdout.space", "stderr.space"]) {
    await removeAllIfThere(join(jobFolder(host.state, entry.spec.id), name));
  }
  noteGaps(host, entry);
  await recordEnd(host, entry, { lost: true, reason: lostReason(host, entry), gaps: entry.gaps });
  if (!isOfEarlierBoot(host, entry)) tellStop(host, entry, lostReason(host, entry));
}

function tellStop({ onAction }: Host, { spec: { id, owner } }: Entry, reason: string): void {
  onAction({ kind: "stop", id, owner, reason });
}

/** A runner may have been adopted before it had started the program. */
function noteLateStart(host: Host, entry: Entry): void {
  if (entry.started !== null) return;
  noteStart(host, entry);
  superviseTimeout(host, entry);
}

/**
 * The runner that claimed the job; if none has, takes the claim, so that none that comes late can start it any more. The daemon died
 * on the way to such a job's runner: it never ran, nobody was told of it, and who asks again with the same key gets one.
 */
async function claim(host: Host, entry: Entry): Promise<Process> {
  const path = join(jobFolder(host.state, entry.spec.id), "runner.json");
  const nobody = { pid: 1, startTime: 0, bootId: host.bootId };
  try {
    await Deno.writeTextFile(path, JSON.stringify({ format: 1, ...nobody }), { createNew: true, mode: 0o600 });
    return nobody;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return readClaim(host, entry.spec.id) ?? nobody;
  }
}

function lostReason(host: Host, entry: Entry): string {
  if (isOfEarlierBoot(host, entry)) return "The host was restarted while it ran";
  return "Its runner ended without a word";
}

/** Removes output and cgroups that belong to no job any more. */
async function sweep(host: Host): Promise<void> {
  for await (const { name } of inTurns(Deno.readDirSync(host.state.output), host.closing)) {
    const id = name.replace(/\.[a-z]+$/, "");
    if (!isThere(host, id) && isId(id)) await clearAway(name, () => removeAllIfThere(join(host.state.output, name)));
  }
  for (const id of host.cgroups.list()) {
    // One that was set aside may well be alive.
    if (host.registry.damaged(id) !== undefined || host.registry.get(id)?.ended === null) continue;
    await clearAway(id, async () => {
      const cgroup = host.cgroups.open(id);
      await cgroup.kill();
      await cgroup.remove();
    });
  }
}

/** Removes what is of no use any more. What cannot be removed must not keep all the jobs from being served. */
async function clearAway(name: string, removal: () => Promise<void>): Promise<void> {
  await removal().catch((error) => logger.warn("Cannot clear away what is left of {name}: {error}", { name, error }));
}

/** Whether there is such a job, be it a damaged one. */
function isThere({ registry }: Host, id: string): boolean {
  return registry.get(id) !== undefined || registry.damaged(id) !== undefined;
}
