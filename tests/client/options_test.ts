import { deepEqual, match } from "../support/assert.ts";
import { optionsOf } from "../../lib/base/command_tree.ts";
import { parserFor } from "../../lib/client/program.ts";
import { teleworker } from "../support/teleworker.ts";

const NOWHERE = { address: "127.0.0.1:1", certs: "/nowhere" };

/** Bad values of each option that has one, with what is expected in its place, and where the option stands. */
const BAD: Readonly<Record<string, readonly [value: string, expected: string, ...line: readonly string[]]>> = {
  "--name": ["a b", 'it must be 1 to 63 letters, .*, such as "backup"', "start", "OPTION", "--", "true"],
  "--env": ["9=x", 'it must be a name of letters, .*, such as "LANG=C"', "run", "OPTION", "--", "true"],
  "--cwd": ["srv", 'it must be an absolute path, such as "/srv"', "start", "OPTION", "--", "true"],
  "--timeout": ["7x", "unknown unit, it must be .*, such as 30s, 5m or 2h", "start", "OPTION", "--", "true"],
  "--output-max": ["1", 'it must be at least 64K, such as "256M"', "start", "OPTION", "--", "true"],
  "--cpus": ["0", 'it must be at least 0.01, such as "0.5"', "start", "OPTION", "--", "true"],
  "--cpu-weight": ["0", 'it must be a whole number from 1 to 10000, such as "100"', "start", "OPTION", "--", "true"],
  "--memory": ["1", 'it must be at least 64K, such as "256M"', "start", "OPTION", "--", "true"],
  "--memory-high": ["x", "it must be .*, such as 512K, 256M or 1.5G", "start", "OPTION", "--", "true"],
  "--pids": ["1.5", 'it must be a whole number from 1 on, such as "100"', "start", "OPTION", "--", "true"],
  "--read-bps": [":1M", 'it names no disk before the colon, such as "sda:1M"', "start", "OPTION", "--", "true"],
  "--write-bps": ["sda:x", "it must be .*, such as 512K, 256M or 1.5G", "start", "OPTION", "--", "true"],
  "--read-iops": ["sda:0", 'it must be a whole number from 1 on, such as "sda:100"', "start", "OPTION", "--", "true"],
  "--write-iops": ["many", 'it must be a whole number from 1 on, such as "sda:100"', "start", "OPTION", "--", "true"],
  "--io-weight": ["10001", 'it must be a whole number from 1 to 10000, such as "100"', "start", "OPTION", "--", "true"],
  "--cpu-time": ["0s", 'it must be above zero, such as "30s"', "start", "OPTION", "--", "true"],
  "--address-space": ["1K", 'it must be at least 1M, such as "256M"', "start", "OPTION", "--", "true"],
  "--file-size": ["1", 'it must be at least 1K, such as "256M"', "start", "OPTION", "--", "true"],
  "--open-files": ["19", 'it must be at least 20, such as "256:1024"', "start", "OPTION", "--", "true"],
  "--core": ["-1", "it must be .*, such as 512K, 256M or 1.5G", "start", "OPTION", "--", "true"],
  "--user": ["a b", 'it must be the name of an account, such as "nobody"', "start", "OPTION", "--", "true"],
  "--tail": ["all", 'it must be a whole number from 0 on, such as "10"', "logs", "OPTION", "job"],
  "--stop-scope": ["some", "it must be all or main", "start", "OPTION", "--", "true"],
  "--signal": ["NOPE", "no such signal; it must be one such as TERM, KILL or 15", "stop", "OPTION", "job"],
  "--grace": ["2d", 'it must be at most a day, such as "30s"', "stop", "OPTION", "job"],
  "--days": ["0", 'it must be a whole number from 1 to 3650, such as "45"', "certs", "init", "OPTION"],
  "--key-type": ["dsa", "it must be ec-p256, ed25519 or rsa-4096", "certs", "init", "OPTION"],
  "--out": ["", 'it must not be empty, such as "web2.pem"', "certs", "server", "h", "--csr", "x", "OPTION"],
  "--csr": ["", 'it must not be empty, such as "server.csr"', "certs", "client", "alice", "OPTION"],
  "--role": ["root", "it must be admin or user", "certs", "client", "alice", "OPTION"],
  "--host": ["a b", 'it must be HOST or HOST:PORT, such as "127.0.0.1:8443" or "\\[::1\\]"', "OPTION", "list"],
  "--socket": ["", 'it must not be empty, such as "/run/teleworker/socket"', "OPTION", "list"],
  "--certs": ["", 'it must not be empty, such as "./certs"', "list", "OPTION"],
  "--identity": ["../x", 'it must be 1 to 64 letters, .*, such as "alice"', "OPTION", "list"],
  "--output": ["yaml", "it must be table or json", "OPTION", "list"],
};

Deno.test("Options of the client: bad value → refused with it, what is expected, an example", async () => {
  const withValue = [...new Set([...optionsOf(parserFor([]).usage).values()])].filter(({ hasValue }) => hasValue);
  deepEqual(Object.keys(BAD).sort(), [...new Set(withValue.map(({ long }) => long))].sort());
  await Promise.all(
    Object.entries(BAD).map(async ([option, [value, expected, ...line]]) => {
      const args = line.flatMap((word) => word === "OPTION" ? [option, value] : [word]);
      const { code, stdout, stderr } = await teleworker(NOWHERE, args);
      deepEqual([code, stdout], [2, ""], option);
      const name = option === "--host" ? "host" : option;
      match(stderr, new RegExp(`^teleworker: Cannot use ${name} "${RegExp.escape(value)}": ${expected}\\n$`));
    }),
  );
});
