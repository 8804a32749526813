import type { Controller } from "../controller.ts";

/** Stops a group's processes all at once, on v1: only {@linkcode Cgroup.kill} has a use for it. */
export const freezer: Controller = {
  name: "freezer",
  enforces: {},
  usageFiles: [],
  liveFiles: [],
  write() {},
  read: () => ({}),
  usage: () => ({}),
};
