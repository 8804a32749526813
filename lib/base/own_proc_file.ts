/** Deno keeps a module by its URL, and would give the same bytes again. */
let reads = 0;

/**
 * Reads what the kernel tells of this process, such as `cmdline` (proc(5)). Deno lets nobody read files of /proc who may not do everything;
 * a module it loads from there for whoever may read files. It never lets go of a module: do not read in a tight loop.
 * @throws {Error} where Deno does not do that either, as in a program that `deno compile` made.
 */
export async function readOwnProcFile(name: string): Promise<Uint8Array> {
  const path = `/proc/self/${name}`;
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    // Not by a schema: every start of the client would wait for what makes them.
    const module: unknown = await import(`${path}?${reads++}`, { with: { type: "bytes" } });
    if (typeof module === "object" && module !== null && "default" in module && module.default instanceof Uint8Array) {
      return module.default;
    }
    throw new TypeError(`Cannot read "${path}": the module is not bytes`, { cause: error });
  }
}
