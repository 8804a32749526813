/**
 * Loaded before a program, makes its current directory one that was removed: Deno itself, of which a binary made by `deno compile` has less,
 * does not start in one.
 */
const directory = Deno.makeTempDirSync();
Deno.chdir(directory);
Deno.removeSync(directory);
