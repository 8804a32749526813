import { equal } from "../../support/assert.ts";
import { networkOf } from "../../../lib/server/transport/network.ts";

Deno.test("networkOf tells IPv4 addresses apart, and IPv6 addresses by their first 64 bits", () => {
  const cases = {
    "192.0.2.7": "192.0.2.7",
    "::ffff:192.0.2.7": "192.0.2.7",
    "::FFFF:192.0.2.7": "192.0.2.7",
    "2001:db8::1": "2001:db8:0:0::/64",
    "2001:db8:0:0:ffff:ffff:ffff:ffff": "2001:db8:0:0::/64",
    "2001:0DB8:0000:00a0::1": "2001:db8:0:a0::/64",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:db8:1:2::": "2001:db8:1:2::/64",
    "::1": "0:0:0:0::/64",
    "::": "0:0:0:0::/64",
    "fe80::1%eth0": "fe80:0:0:0::/64",
    "": "",
  };
  for (const [address, network] of Object.entries(cases)) equal(networkOf(address), network, address);
});
