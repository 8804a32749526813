import type { Cgroup } from "../cgroup/mod.ts";
import type { Ended, Spec, Started } from "./records.ts";
import type { Process } from "./process.ts";

/** One job in memory: what its folder says, read once, and who waits for it. */
export interface Entry {
  readonly spec: Spec;
  /** The job's own group, once it is made; null on a host that has none for us. */
  cgroup: Cgroup | null;
  runner: Process | null;
  /** With the wall-clock time that the file system saw. */
  started: { readonly record: Started; readonly at: string } | null;
  ended: { readonly record: Ended; readonly at: string } | null;
  /** Lines of the drains' note of what is missing, while it runs; then they stand in its end's record. */
  gaps: readonly string[];
  /** Resolves when the job has a first process or will never have one. */
  launching: Promise<void>;
  /** Resolves when `ended` is set. */
  readonly whenEnded: PromiseWithResolvers<void>;
}

/** All jobs of the host in memory, rebuilt from the disk at every start. */
export class Registry {
  readonly #entries = new Map<string, Entry>();
  readonly #names = new Map<string, Entry>();
  readonly #idempotency = new Map<string, Entry>();
  #sequence = 0;
  #running = 0;

  /** How many jobs have not ended. */
  get running(): number {
    return this.#running;
  }

  /** The number for the next job; every call gives a greater one. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  /** Takes a job in. Jobs come in the order of their sequence. */
  add(spec: Spec): Entry {
    const entry: Entry = {
      spec,
      cgroup: null,
      runner: null,
      started: null,
      ended: null,
      gaps: [],
      launching: Promise.resolve(),
      whenEnded: Promise.withResolvers(),
    };
    this.#sequence = Math.max(this.#sequence, spec.sequence);
    this.#running++;
    this.#entries.set(spec.id, entry);
    if (spec.name !== null) this.#names.set(ownedKey(spec.owner, spec.name), entry);
    if (spec.idempotency !== null) this.#idempotency.set(ownedKey(spec.owner, spec.idempotency.key), entry);
    return entry;
  }

  /** Marks the end, once, and wakes who waits for it. */
  end(entry: Entry, record: Ended, at: string): void {
    if (entry.ended !== null) return;
    entry.ended = { record, at };
    if (this.#entries.get(entry.spec.id) === entry) this.#running--;
    entry.whenEnded.resolve();
  }

  /** Forgets a job. */
  delete(entry: Entry): void {
    if (!this.#entries.delete(entry.spec.id)) return;
    if (entry.ended === null) this.#running--;
    const { name, owner, idempotency } = entry.spec;
    if (name !== null) this.#names.delete(ownedKey(owner, name));
    if (idempotency !== null) this.#idempotency.delete(ownedKey(owner, idempotency.key));
  }

  /** The job of this id. */
  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  /** The owner's job of this name; names are unique per owner. */
  named(owner: string, name: string): Entry | undefined {
    return this.#names.get(ownedKey(owner, name));
  }

  /** The job that the owner's earlier request with this key started. */
  requested(owner: string, key: string): Entry | undefined {
    return this.#idempotency.get(ownedKey(owner, key));
  }

  /** All jobs, oldest first. */
  values(): IteratorObject<Entry> {
    return this.#entries.values();
  }
}

function ownedKey(owner: string, key: string): string {
  return JSON.stringify([owner, key]);
}
