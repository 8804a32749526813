import unit from "./teleworkerd.service" with { type: "text" };

/** Where everything is on a host. */
export const PROGRAM = "/usr/local/bin/teleworkerd";
/** The daemon's options; a file that is there is never replaced. */
export const CONFIG = "/etc/teleworker/teleworkerd.json";
/** `ca.pem`, `server.pem`, `server-key.pem`. */
export const CERTS = "/etc/teleworker/certs";
/** Unit of systemd, where an administrator's are (systemd.unit(5)). */
export const UNIT = "/etc/systemd/system/teleworkerd.service";
/** The unit's name. */
export const SERVICE = "teleworkerd";
/** What the daemon makes when it runs. */
export const STATE = "/var/lib/teleworker";
/** Where the daemon unpacks what it runs, if it is self-contained. */
export const CACHE = "/var/cache/teleworker";
/** Folder of the Unix socket. */
export const RUNTIME = "/run/teleworker";

/** Text of {@linkcode UNIT}. */
export const UNIT_TEXT: string = unit;

/** Text of {@linkcode CONFIG}: reachable by others, for that is what the certificates are for. */
export const CONFIG_TEXT = `${
  JSON.stringify({ listen: "0.0.0.0:8443", certs: CERTS, socket: `${RUNTIME}/socket`, stateDir: STATE }, null, 2)
}\n`;
