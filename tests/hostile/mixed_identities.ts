import { deepEqual, equal, ok } from "../support/assert.ts";
import { type Job, jobListSchema, jobSchema, problemSchema } from "../../lib/contract/mod.ts";
import type { Random } from "../faults/support/random.ts";
import type { Case } from "../faults/support/suite.ts";
import { RawConnection } from "../server/transport/raw.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { until } from "../support/until.ts";
import { parseAnswers, type RawAnswer } from "./support/answers.ts";

const OPERATORS = ["alice", "bob"] as const;
const OTHERS = ["root", "eve"] as const;
/** Connections of each identity. */
const CONNECTIONS = 6;
/** On each connection. */
const REQUESTS = 100;

/** A request, and what its answer has to be. */
interface Asked {
  readonly line: string;
  readonly check: (answer: RawAnswer) => void;
}

/** Many identities ask at once, each over many connections. */
export const mixedIdentities: Case = {
  name:
    `${REQUESTS} pipelined requests on each of many connections are answered in order, to each identity what is its own`,
  run: async (random) => {
    await using daemon = await Daemon.start();
    const jobs = new Map<string, Job>();
    for (const name of OPERATORS) {
      using https = await Https.as(daemon, name);
      const job = await https.start({ command: "echo", args: ["-n", `of ${name}`], name: `job-of-${name}` });
      jobs.set(name, await https.wait(job.id));
    }
    const names = [...OPERATORS, ...OTHERS].flatMap((name) => Array<string>(CONNECTIONS).fill(name));
    await Promise.all(names.map((name, number) => converse(daemon, random, `${name}-${number}`, name, jobs)));
  },
};

async function converse(
  daemon: Daemon,
  random: Random,
  tag: string,
  name: string,
  jobs: ReadonlyMap<string, Job>,
): Promise<void> {
  const own = random.for(tag);
  const asked = Array.from({ length: REQUESTS }, (_, number) => pick(own, name, jobs, `/${tag}-${number}`));
  const text = asked.map(({ line }) => `${line} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join("");
  await using connection = await RawConnection.open(daemon, { certificate: `client-${name}` });
  for (let at = 0; at < text.length;) {
    const next = at + own.between(1, 2000);
    await connection.send(text.slice(at, next));
    at = next;
    // Lets others in between.
    if (own.chance(0.5)) await new Promise((resolve) => setImmediate(resolve));
  }
  const last = asked.at(-1)?.line.split(" ")[1] ?? "";
  await until(`${tag} has its answers`, () => {
    if (connection.over) throw new Error(`The connection of ${tag} is over after ${connection.received.slice(-300)}`);
    return connection.received.includes(last) && connection.received.endsWith("\r\n0\r\n\r\n");
  });
  const answers = parseAnswers(connection.received);
  equal(answers.length, asked.length, tag);
  asked.forEach(({ check }, index) => check(answers[index] ?? { status: 0, headers: new Map(), body: "" }));
}

/** One of the requests that tell who the server takes one for; the last of a connection's is always one by `path`. */
function pick(random: Random, name: string, jobs: ReadonlyMap<string, Job>, path: string): Asked {
  const nothing: Asked = {
    line: `GET ${path}`,
    check: ({ status, body }) => {
      equal(status, 404);
      equal(problemSchema.parse(JSON.parse(body)).detail, `There is no GET ${path}`);
    },
  };
  if (path.endsWith(`-${REQUESTS - 1}`)) return nothing;
  const owner = random.pick(OPERATORS);
  const job = jobs.get(owner);
  ok(job !== undefined);
  const visible = owner === name || !OPERATORS.some((operator) => operator === name);
  return random.pick<Asked>([nothing, list(name), status(job, visible), output(job, owner, visible), start(name)]);
}

function list(name: string): Asked {
  const own = OPERATORS.filter((operator) => operator === name);
  return {
    line: "GET /v1/jobs",
    check: ({ status, body }) => {
      equal(status, 200);
      const owners = jobListSchema.parse(JSON.parse(body)).jobs.map(({ owner }) => owner);
      deepEqual(owners.sort(), own.length === 0 ? [...OPERATORS] : own);
    },
  };
}

function status(job: Job, visible: boolean): Asked {
  return {
    line: `GET /v1/jobs/${job.id}`,
    check: (answer) => {
      equal(answer.status, visible ? 200 : 404);
      if (visible) equal(jobSchema.parse(JSON.parse(answer.body)).owner, job.owner);
      else ok(!answer.body.includes(job.owner), answer.body);
    },
  };
}

function output(job: Job, owner: string, visible: boolean): Asked {
  return {
    line: `GET /v1/jobs/${job.id}/stdout`,
    check: (answer) => {
      equal(answer.status, visible ? 200 : 404);
      if (visible) equal(answer.body, `of ${owner}`);
      else ok(!answer.body.includes(owner), answer.body);
    },
  };
}

/** A start without a body, which starts nothing: only who may start at all is told what is wrong with it. */
function start(name: string): Asked {
  return { line: "POST /v1/jobs", check: ({ status }) => equal(status, name === "eve" ? 403 : 400) };
}
