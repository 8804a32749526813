/** The children of this process that Deno has not waited for yet, by process id, each with a promise of that. */
const children = new Map<number, Promise<void>>();

/** Starts a child of this process, as `new Deno.Command(program, options).spawn()` does, and records that Deno waits for it. */
export function spawnChild(program: string, options: Deno.CommandOptions): Deno.ChildProcess {
  const child = new Deno.Command(program, options).spawn();
  const { pid } = child;
  const over = () => {
    // Its number may have gone to another child before this is called.
    if (children.get(pid) === waited) children.delete(pid);
  };
  const waited: Promise<void> = child.status.then(over, over);
  children.set(pid, waited);
  return child;
}

/** A promise that Deno has waited for this child; undefined for a process that {@linkcode spawnChild} did not start. */
export function whenWaitedFor(pid: number): Promise<void> | undefined {
  return children.get(pid);
}
