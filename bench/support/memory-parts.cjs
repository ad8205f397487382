"use strict";
// Loaded into the program before it begins (NODE_OPTIONS=--require): its main thread writes down, four times a second, how large
// V8's spaces are. `memory-parts.ts` reads that.
const { renameSync, writeFileSync } = require("node:fs");
const { getHeapSpaceStatistics } = require("node:v8");
const { isMainThread } = require("node:worker_threads");

const file = process.env.MEMORY_PARTS ?? "memory-parts";

function write() {
  const spaces = getHeapSpaceStatistics();
  /** @param {(name: string) => boolean} isWanted */
  const bytes = (isWanted) =>
    spaces.reduce((sum, one) => sum + (isWanted(one.space_name) ? one.physical_space_size : 0), 0);
  /** @param {string} name */
  const isYoung = (name) => name.startsWith("new_");
  const heap = { young: bytes(isYoung), old: bytes((name) => !isYoung(name)) };
  writeFileSync(`${file}.new`, JSON.stringify({ pid: process.pid, heap }));
  renameSync(`${file}.new`, file);
}

if (isMainThread) setInterval(write, 250).unref();
