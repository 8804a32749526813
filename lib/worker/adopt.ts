import { logger } from "./logger.ts";
import { join } from "node:path";
import { type Host, inUse, noteEnd, recordEnd, tidy } from "./host.ts";
import { readUptime } from "./job.ts";
import { noteGaps } from "./gaps.ts";
import { isAlive, type Process } from "./process.ts";
import { endedByDaemon, readRecord, type Spec, specSchema, stopSchema } from "./records.ts";
import type { Entry } from "./registry.ts";
import { REMOVED } from "./remove.ts";
import { noteStart, readClaim } from "./start.ts";
import { jobFolder, removeIfThere } from "./state_folder.ts";
import { kill, killAfter } from "./stop.ts";
import { superviseTimeout } from "./timeout.ts";
import { z } from "zod";

const isId = (name: string) => z.uuid().safeParse(name).success;

/** Rebuilds from the disk what an earlier worker knew, and goes on where it stopped. */
export async function adopt(host: Host): Promise<void> {
  const specs: Spec[] = [];
  for await (const { name } of Deno.readDir(host.state.jobs)) {
    if (name.endsWith(REMOVED)) await removeIfThere(join(host.state.jobs, name));
    else if (isId(name)) {
      const spec = await readSpec(host, name);
      if (spec !== null) specs.push(spec);
    }
  }
  specs.sort((a, b) => a.sequence - b.sequence);
  for (const spec of specs) {
    const entry = host.registry.add(spec);
    entry.cgroup = inUse(host.cgroups.open(spec.id));
    await adoptJob(host, entry);
  }
  await sweep(host);
}

async function readSpec(host: Host, id: string): Promise<Spec | null> {
  const path = join(jobFolder(host.state, id), "spec.json");
  try {
    const spec = await readRecord(path, specSchema);
    // A crash left the folder before anything was promised to anybody.
    if (spec === null) await removeIfThere(jobFolder(host.state, id));
    return spec;
  } catch (error) {
    logger.error("Cannot read job {id}, it is set aside: {error}", { id, error });
    return null;
  }
}

async function adoptJob(host: Host, entry: Entry): Promise<void> {
  try {
    await noteEnd(host, entry);
    await noteStart(host, entry);
    if (entry.ended !== null) return;
    await noteGaps(host, entry);
    // One that starts only now is supervised by the look that finds it.
    const runs = entry.started !== null;
    await look(host, entry);
    if (entry.ended !== null) return;
    if (runs) superviseTimeout(host, entry);
    resumeStop(host, entry);
  } catch (error) {
    logger.error("Cannot adopt job {id}: {error}", { id: entry.spec.id, error });
    host.registry.delete(entry);
  }
}

/** Goes on with a stop that an earlier worker began. */
function resumeStop(host: Host, entry: Entry): void {
  const resume = async () => {
    for (const note of ["stop.json", "timeout.json"] as const) {
      const stop = await readRecord(join(jobFolder(host.state, entry.spec.id), note), stopSchema);
      if (stop === null) continue;
      const left = Math.max(0, stop.killAtUptime - readUptime());
      // The signal is not sent again: a second one means "at once" to many programs.
      await killAfter(host, entry, left);
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
  if (isAlive(runner, host.bootId)) return await noteLateStart(host, entry);
  // After the look at the process: a runner that has gone has recorded the end before.
  await noteEnd(host, entry);
  if (entry.ended === null) await lose(host, entry, runner);
  await tidy(host, entry);
}

async function lose(host: Host, entry: Entry, runner: Process): Promise<void> {
  if (entry.started === null) await noteStart(host, entry);
  if (runner.bootId === host.bootId) await kill(host, entry);
  await noteGaps(host, entry);
  await recordEnd(host, entry, endedByDaemon({ lost: true, reason: lostReason(host, runner), gaps: entry.gaps }));
}

/** A runner may have been adopted before it had started the program. */
async function noteLateStart(host: Host, entry: Entry): Promise<void> {
  if (entry.started !== null) return;
  await noteStart(host, entry);
  superviseTimeout(host, entry);
}

/** The runner that claimed the job; if none has, takes the claim, so that none that comes late can start it any more. */
async function claim(host: Host, entry: Entry): Promise<Process> {
  const path = join(jobFolder(host.state, entry.spec.id), "runner.json");
  const nobody = { pid: 1, startTime: 0, bootId: host.bootId };
  try {
    await Deno.writeTextFile(path, JSON.stringify({ format: 1, ...nobody }), { createNew: true, mode: 0o600 });
    return nobody;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return await readClaim(host, entry.spec.id) ?? nobody;
  }
}

function lostReason(host: Host, runner: Process): string {
  if (runner.bootId !== host.bootId) return "The host was restarted while it ran";
  if (runner.startTime === 0) return "The daemon ended before it was started";
  return "Its runner ended without a word";
}

/** Removes output and cgroups that belong to no job any more. */
async function sweep(host: Host): Promise<void> {
  for await (const { name } of Deno.readDir(host.state.output)) {
    if (host.registry.get(name.replace(/\.[a-z]+$/, "")) === undefined) await removeOrphan(host, name);
  }
  for (const id of host.cgroups.list()) {
    const entry = host.registry.get(id);
    // What was set aside because we cannot read it may well be alive.
    if (entry === undefined ? await hasFolder(host, id) : entry.ended === null) continue;
    const cgroup = host.cgroups.open(id);
    await cgroup.kill();
    await cgroup.remove();
  }
}

async function hasFolder(host: Host, id: string): Promise<boolean> {
  return await Deno.stat(jobFolder(host.state, id)).then(() => true, () => false);
}

async function removeOrphan(host: Host, name: string): Promise<void> {
  const id = name.replace(/\.[a-z]+$/, "");
  // A job that was set aside keeps its output.
  if (isId(id) && !await hasFolder(host, id)) await removeIfThere(join(host.state.output, name));
}
