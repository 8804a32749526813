/**
 * What holds against peers and jobs that mean harm: `deno task test:hostile [--seed N] [--minutes N]`.
 * @module
 */
import { faultSuite } from "../faults/support/suite.ts";
import { httpExcess } from "./http_excess.ts";
import { httpShapes } from "./http_shapes.ts";
import { jobEnvironment } from "./job_environment.ts";
import { jobSecrets } from "./job_secrets.ts";
import { jobWords } from "./job_words.ts";
import { mixedIdentities } from "./mixed_identities.ts";
import { refusedCertificates } from "./refused_certificates.ts";
import { terminalEscapes } from "./terminal_escapes.ts";
import { tlsBytes } from "./tls_bytes.ts";
import { tlsLater } from "./tls_later.ts";
import { tlsPeers } from "./tls_peers.ts";
import { tlsResumed } from "./tls_resumed.ts";
import { tlsStalled } from "./tls_stalled.ts";

faultSuite(
  [
    ...[tlsBytes, tlsLater, tlsPeers, tlsResumed, tlsStalled, refusedCertificates],
    ...[httpShapes, httpExcess, mixedIdentities],
    ...[jobWords, jobEnvironment, jobSecrets, terminalEscapes],
  ],
  Deno.args,
  "test:hostile",
);
