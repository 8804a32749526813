/** Who has a place, in the order in which they were taken, each with what to do when it must be given up. */
type Places = Set<() => void>;

/**
 * Places that are shared fairly: while there are some left anyone can have them; when there is none, who has the most gives up the
 * newest of theirs for one who has fewer. So nobody, nor several together, can keep out one who has none.
 */
export class Shares {
  readonly #byName = new Map<string, Places>();
  #taken = 0;

  /** `most` in all, and `mostOfOne` of one name however many are left. */
  constructor(readonly most: number, readonly mostOfOne = most) {}

  /**
   * Takes a place.
   * @param giveUp is called when it has gone to another.
   * @returns what gives it back; null when there is none for this one, since nobody would have more then, or it has as many as one may.
   */
  take(name: string, giveUp: () => void): (() => void) | null {
    if (this.of(name) >= this.mostOfOne) return null;
    if (this.#taken >= this.most && !this.#makeRoom(name)) return null;
    const places: Places = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, places);
    // Of its own, for the same function may be given twice.
    const place = () => giveUp();
    places.add(place);
    this.#taken++;
    return () => this.#release(name, places, place);
  }

  /** How many one has. */
  of(name: string): number {
    return this.#byName.get(name)?.size ?? 0;
  }

  #makeRoom(name: string): boolean {
    const [largest, places] = [...this.#byName].reduce((most, next) => next[1].size > most[1].size ? next : most);
    if (places.size - 1 <= this.of(name)) return false;
    const newest = [...places].at(-1);
    if (newest === undefined) return false;
    this.#release(largest, places, newest);
    newest();
    return true;
  }

  #release(name: string, places: Places, place: () => void): void {
    if (!places.delete(place)) return;
    this.#taken--;
    if (places.size === 0) this.#byName.delete(name);
  }
}
