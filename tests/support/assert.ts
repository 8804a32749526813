import assert from "node:assert/strict";

// The named exports of that module are the loose ones in Deno 2.9: `equal(undefined, null)` would pass.
export const deepEqual: typeof assert.deepEqual = assert.deepEqual;
export const doesNotMatch: typeof assert.doesNotMatch = assert.doesNotMatch;
export const doesNotThrow: typeof assert.doesNotThrow = assert.doesNotThrow;
export const equal: typeof assert.equal = assert.equal;
export const match: typeof assert.match = assert.match;
export const notEqual: typeof assert.notEqual = assert.notEqual;
export const ok: typeof assert.ok = assert.ok;
export const rejects: typeof assert.rejects = assert.rejects;
export const throws: typeof assert.throws = assert.throws;
