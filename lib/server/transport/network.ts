/**
 * The part of an IP address that one site has to itself: an IPv4 address whole, also as `::ffff:192.0.2.7`; of an IPv6 address the
 * first 64 bits, for the rest is the site's own choice (RFC 4291, 2.5.1; RFC 6177).
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(":")) return mapped ?? address;
  const [before = "", after] = address.replace(/%.*/, "").split("::");
  const head = groupsOf(before);
  const tail = groupsOf(after ?? "");
  const zeros = Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0");
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(":")}::/64`;
}

function groupsOf(text: string): string[] {
  return text.split(":").filter((group) => group !== "").map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""));
}
