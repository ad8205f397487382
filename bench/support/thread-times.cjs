"use strict";
// Loaded into the program before it begins (NODE_OPTIONS=--require), and so into each of its threads: each writes down, ten times
// a second, its processor time and how many requests it has made. `thread-times.ts` reads that.
const { subscribe } = require("node:diagnostics_channel");
const { renameSync, writeFileSync } = require("node:fs");
const path = require("node:path");
const { isMainThread, threadId } = require("node:worker_threads");

const file = path.join(process.env.THREAD_TIMES ?? ".", isMainThread ? "main" : `thread-${threadId}`);
let requests = 0;

function write() {
  const { user, system } = process.threadCpuUsage();
  writeFileSync(`${file}.new`, JSON.stringify({ us: user + system, requests }));
  renameSync(`${file}.new`, file);
}

subscribe("undici:request:create", () => requests++);
setInterval(write, 100).unref();
process.on("exit", write);
