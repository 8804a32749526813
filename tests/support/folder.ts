/** A folder of a test's own, removed at its end; on a short path, for sockets. */
export class TemporaryFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** Makes one. */
  static async create(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await Deno.makeTempDir({ prefix: "tw-" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A runner may still be tidying up in a job's folder.
    for (let attempt = 0;; attempt++) {
      try {
        return await Deno.remove(this.path, { recursive: true });
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return;
        if (attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}
