export { pids } from "../v2/pids.ts";
