import { configure, getJsonLinesFormatter, type LogRecord } from "@logtape/logtape";
import { stderr } from "./line_writer.ts";
import { escapeJson } from "../../base/escape_terminal.ts";
import type { Options } from "../options.ts";

/** Writes the log as JSON, a line a record, to stderr. Stacks of errors are for `debug` only. */
export async function configureLog(level: Options["logLevel"]): Promise<void> {
  const format = getJsonLinesFormatter({ properties: "nest:properties" });
  await configure({
    sinks: {
      stderr: (record: LogRecord) => {
        stderr.write(escapeJson(format(level === "debug" ? record : withoutStacks(record)).trimEnd()));
      },
    },
    loggers: [
      { category: "teleworker", lowestLevel: level, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
  });
}

function withoutStacks(record: LogRecord): LogRecord {
  const plain = (value: unknown) => value instanceof Error ? `${value.name}: ${value.message}` : value;
  return {
    ...record,
    message: record.message.map(plain),
    properties: Object.fromEntries(Object.entries(record.properties).map(([name, value]) => [name, plain(value)])),
  };
}
