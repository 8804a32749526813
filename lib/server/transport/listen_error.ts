import { codeOf, reasonOf } from "../../base/system_error.ts";
import type { Address } from "../options.ts";

/** An address as in a URL, where IPv6 has brackets. */
export function formatAddress({ hostname, port }: Address): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/** Why it cannot be listened at an address, with what to do about it, as an error of our own. */
export function listenError(address: Address, cause: unknown): Error {
  return new Error(`Cannot listen on "${formatAddress(address)}": ${reasonNotToListen(address, cause)}`, { cause });
}

/** Of bind(2) and getaddrinfo(3), in the words of one who chose the address. */
function reasonNotToListen({ hostname, port }: Address, error: unknown): string {
  const another = "choose another with --listen";
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return "another program does";
    // Deno 2.9 says EINVAL where the kernel says EADDRNOTAVAIL.
    case "EINVAL":
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return /^fe[89ab]/i.test(hostname)
        ? `an address of one link alone cannot be used; ${another}`
        : `this host has no such address (0.0.0.0:${port} is all that it has); ${another}`;
    case "EAI_AGAIN":
      return `its name cannot be looked up now; name an address of this host with --listen`;
    case "EAFNOSUPPORT":
      return `this host has no ${hostname.includes(":") ? "IPv6" : "IPv4"}; ${another}`;
    case "EACCES":
    case "EPERM":
      return port > 0 && port < 1024
        ? `ports below 1024 take root, or the capability CAP_NET_BIND_SERVICE; ${another}`
        : `${reasonOf(error)}; ${another}`;
    default:
      return reasonOf(error);
  }
}
