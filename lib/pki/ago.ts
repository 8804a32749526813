/** How long ago a time is, in the largest whole unit: `3 days ago`. */
export function ago(time: Date, now: Date = new Date()): string {
  const seconds = Math.max(0, (now.getTime() - time.getTime()) / 1000);
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60]] as const;
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
}
