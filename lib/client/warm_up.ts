/*
 * Gathers the entropy that TLS needs while the rest of the program loads: the crypto library of Deno (AWS-LC) takes some 25 ms for it once,
 * on the first key that it makes, and does so on a thread of its own if WebCrypto asks. The key is thrown away.
 */
crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]).catch(() => {});
