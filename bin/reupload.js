#!/usr/bin/env node
// Kept to what old Nodes can read, so that they get one clear line instead of a syntax error.
import { existsSync } from "node:fs";

const entry = new URL("../dist/cli/main.js", import.meta.url);

/** @param {string} what @param {string} todo */
function refuse(what, todo) {
  process.stderr.write("error: " + what + "\n" + todo + "\n");
  process.exitCode = 2;
}

if (Number(process.versions.node.split(".")[0]) < 24) {
  refuse(
    "reupload needs Node.js 24 or newer, this is " + process.version + ".",
    "Install a newer Node.js (https://nodejs.org), then run the command again.",
  );
} else {
  try {
    if (existsSync(entry)) await import(entry.href);
    else refuse("reupload is not built yet.", "Run: npm run build");
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "ERR_ACCESS_DENIED") throw error;
    refuse(
      "Node's permission model (--permission) forbids to read the program: " + error.message,
      "Run it without that flag of Node.js. The flag may stand in NODE_OPTIONS.",
    );
  }
}
