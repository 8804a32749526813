/**
 * Runs this same Deno in the guest with cgroup v2, with the arguments given here: `deno run -A tests/guest/deno.ts test tests/cgroup`.
 * A machine without a `deno` in its PATH, which has this one from npm, can so run the tests there as well.
 * @module
 */
const guest = new Deno.Command(new URL("cgroup-v2-run", import.meta.url).pathname, {
  args: [Deno.execPath(), ...Deno.args],
});
const { code } = await guest.spawn().status;
Deno.exit(code);
