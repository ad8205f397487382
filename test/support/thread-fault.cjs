"use strict";
// Loaded into the program before it begins (NODE_OPTIONS=--require), and so into each of its threads: writes down which
// thread made how many requests, and has a thread die or hang at its so-manieth request.
const { subscribe } = require("node:diagnostics_channel");
const { appendFileSync } = require("node:fs");
const { isMainThread, threadId } = require("node:worker_threads");

const { THREAD_LOG = "", THREAD_DIES_AT = "0", THREAD_HANGS_AT = "0" } = process.env;
let requests = 0;

subscribe("undici:request:create", () => {
  requests++;
  if (THREAD_LOG !== "") appendFileSync(THREAD_LOG, `${isMainThread ? "main" : threadId}\n`);
  if (isMainThread) return;
  if (requests === Number(THREAD_HANGS_AT)) for (;;);
  if (requests !== Number(THREAD_DIES_AT)) return;
  setImmediate(() => {
    throw new Error("a fault that was injected");
  });
});
