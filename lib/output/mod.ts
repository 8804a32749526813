/**
 * Logs as files: readers at any offset, at their own pace, woken by the kernel.
 * @module
 */
export * from "./read.ts";
export * from "./tail.ts";
export * from "./wakeups.ts";
