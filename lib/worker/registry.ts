import type { Cgroup, Usage } from "../cgroup/mod.ts";
import type { Process } from "./process.ts";
import type { Recorded } from "./read_record.ts";
import type { Ended, Note, Spec, Started, Stop } from "./records.ts";

/** One job in memory: what its folder says, read once, and who waits for it. */
export interface Entry {
  /** Long words are left on the disk once they stand there; all else never changes. */
  spec: Spec;
  /** Order of creation among the jobs of its owner. */
  readonly ownerSequence: number;
  /** The job's own group, once it is made; null on a host that has none for us. */
  cgroup: Cgroup | null;
  runner: Process | null;
  started: Recorded<Started> | null;
  /** Its usage apart from the record: the kernel's lines would take ten times the memory. */
  ended: (Recorded<Omit<Ended, "usage" | "detail">> & { readonly usage: Usage }) | null;
  /** Bytes on disk of its output, counted once it has ended; null before. */
  outputBytes: number | null;
  /** Lines of the drains' note of what is missing, while it runs; then they stand in its end's record. */
  gaps: readonly string[];
  /** Who wanted its end, once that was asked for or read. */
  readonly notes: Map<Note, Stop>;
  /** Resolves when the job has a first process or will never have one; null from then on. */
  launching: Promise<void> | null;
  /** Resolves when `ended` is set, or the job is set aside. */
  readonly whenEnded: PromiseWithResolvers<void>;
}

/** A job that was set aside because its records cannot be used. */
export interface SetAside {
  readonly id: string;
  /** What was asked, where at least that can be read. */
  readonly spec: Spec | null;
  /** What is wrong; to go on after a colon. */
  readonly reason: string;
}

/** All jobs of the host in memory, rebuilt from the disk at every start. */
export class Registry {
  readonly #entries = new Map<string, Entry>();
  readonly #damaged = new Map<string, SetAside>();
  /** Also of damaged jobs, which keep what is theirs. */
  readonly #names = new Map<string, Entry | SetAside>();
  readonly #idempotency = new Map<string, Entry | SetAside>();
  #sequence = 0;
  readonly #sequenceOf = new Map<string, number>();
  #running = 0;
  /** How many of each owner have not ended; nobody who has none. */
  readonly #runningOf = new Map<string, number>();

  /** How many jobs have not ended. */
  get running(): number {
    return this.#running;
  }

  /** How many jobs of an owner have not ended. */
  runningOf(owner: string): number {
    return this.#runningOf.get(owner) ?? 0;
  }

  /** The number for the next job; every call gives a greater one. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  /** The number for an owner's next job, among the owner's. */
  nextSequenceOf(owner: string): number {
    return (this.#sequenceOf.get(owner) ?? 0) + 1;
  }

  /** Takes a job in. Jobs come in the order of their sequence. */
  add(spec: Spec): Entry {
    const next = this.nextSequenceOf(spec.owner);
    const entry: Entry = {
      spec,
      ownerSequence: Math.max(spec.ownerSequence ?? next, next),
      cgroup: null,
      runner: null,
      started: null,
      ended: null,
      outputBytes: null,
      gaps: [],
      notes: new Map(),
      launching: null,
      whenEnded: Promise.withResolvers(),
    };
    this.#sequence = Math.max(this.#sequence, spec.sequence);
    this.#sequenceOf.set(spec.owner, entry.ownerSequence);
    this.#count(spec.owner, 1);
    this.#entries.set(spec.id, entry);
    this.#reserve(spec, entry);
    return entry;
  }

  /** Marks the end, once, and wakes who waits for it. */
  end(entry: Entry, ended: NonNullable<Entry["ended"]>): void {
    if (entry.ended !== null) return;
    entry.ended = ended;
    if (this.#entries.get(entry.spec.id) === entry) this.#count(entry.spec.owner, -1);
    entry.whenEnded.resolve();
  }

  /** Forgets a job. */
  delete(entry: Entry): void {
    if (!this.#entries.delete(entry.spec.id)) return;
    if (entry.ended === null) this.#count(entry.spec.owner, -1);
    this.#release(entry.spec, entry);
  }

  /** Takes a job in that cannot be used, or out of those that can, and wakes who waits for its end. */
  setAside(job: SetAside): void {
    const entry = this.#entries.get(job.id);
    if (entry !== undefined) this.delete(entry);
    this.#damaged.set(job.id, job);
    if (job.spec !== null) {
      this.#sequence = Math.max(this.#sequence, job.spec.sequence);
      this.#reserve(job.spec, job);
    }
    entry?.whenEnded.resolve();
  }

  /** Forgets a damaged job. */
  deleteDamaged(job: SetAside): void {
    if (this.#damaged.delete(job.id) && job.spec !== null) this.#release(job.spec, job);
  }

  /** The damaged job of this id. */
  damaged(id: string): SetAside | undefined {
    return this.#damaged.get(id);
  }

  /** All damaged jobs. */
  allDamaged(): IteratorObject<SetAside> {
    return this.#damaged.values();
  }

  /** The job of this id. */
  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  /** The owner's job of this name; names are unique per owner. */
  named(owner: string, name: string): Entry | SetAside | undefined {
    return this.#names.get(ownedKey(owner, name));
  }

  /** The job that the owner's earlier request with this key started. */
  requested(owner: string, key: string): Entry | SetAside | undefined {
    return this.#idempotency.get(ownedKey(owner, key));
  }

  /** All jobs, oldest first. */
  values(): IteratorObject<Entry> {
    return this.#entries.values();
  }

  #count(owner: string, change: 1 | -1): void {
    this.#running += change;
    const running = this.runningOf(owner) + change;
    if (running === 0) this.#runningOf.delete(owner);
    else this.#runningOf.set(owner, running);
  }

  #reserve({ owner, name, idempotency }: Spec, holder: Entry | SetAside): void {
    if (name !== null) this.#names.set(ownedKey(owner, name), holder);
    if (idempotency !== null) this.#idempotency.set(ownedKey(owner, idempotency.key), holder);
  }

  #release({ owner, name, idempotency }: Spec, holder: Entry | SetAside): void {
    // Two may have one name: what was damaged when the second came may have been mended since.
    const release = (holders: Map<string, Entry | SetAside>, key: string) => {
      if (holders.get(key) === holder) holders.delete(key);
    };
    if (name !== null) release(this.#names, ownedKey(owner, name));
    if (idempotency !== null) release(this.#idempotency, ownedKey(owner, idempotency.key));
  }
}

function ownedKey(owner: string, key: string): string {
  return JSON.stringify([owner, key]);
}
