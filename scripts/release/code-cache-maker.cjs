"use strict";
// Runs with the Node of an executable: loads the program's files as the executable does, and writes what V8 compiled:
// `FILE.cache` has all that was compiled in the end, `FILE.begun` what V8 says of itself at the moment of loading (the
// program changes V8's flags when it starts, and V8 takes no cache that was made with others).
// node code-cache-maker.cjs FOLDER-OF-DIST OUTPUT-FOLDER
const { mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { dirname, join, posix } = require("node:path");
const { Script } = require("node:vm");

const [folder = "", output = ""] = process.argv.slice(2);
/** @type {Map<string, { exports: any, script: Script }>} */
const loaded = new Map();

/**
 * @param {string} path
 * @returns {any}
 */
function load(path) {
  const known = loaded.get(path);
  if (known !== undefined) return known.exports;
  const code = readFileSync(join(folder, path), "utf8");
  // The very text that `executable-main.cjs` compiles.
  const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${code}\n})`, {
    filename: path,
  });
  write(`${path}.begun`, script.createCachedData());
  const module = { exports: {}, script };
  loaded.set(path, module);
  /** @param {string} name */
  const requireFrom = (name) =>
    name.startsWith(".") ? load(posix.join(posix.dirname(path), name)) : require(name);
  script
    .runInThisContext()
    .call(module.exports, module.exports, requireFrom, module, path, posix.dirname(path));
  return module.exports;
}

/**
 * @param {string} path
 * @param {Buffer} bytes
 */
function write(path, bytes) {
  const file = join(output, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}

process.argv = [process.execPath, process.execPath, "--version"];
load("cli/command.js")
  .runCommandLine()
  .then(() => {
    // What a run on a listing loads.
    load("chunks/work-undici.js");
    for (const [path, { script }] of loaded) write(`${path}.cache`, script.createCachedData());
  });
