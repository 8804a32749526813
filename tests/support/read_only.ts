/** Becomes a program whose folder of certificates is mounted for reading only; for others it is as it was. */
export const READ_ONLY: readonly [program: string, ...args: string[]] = [
  "unshare",
  ...["--mount", "sh", "-c"],
  'for word; do [ "$last" = --certs ] && certs=$word; last=$word; done\n' +
  'mount --bind "$certs" "$certs" && mount -o remount,bind,ro "$certs" && exec "$@"',
  "sh",
];
/** Whether that can be done here. */
export const canMount = Deno.uid() === 0 &&
  (await new Deno.Command("unshare", { args: ["--mount", "true"] }).output()).success;
