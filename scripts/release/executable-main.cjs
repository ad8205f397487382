"use strict";
// Where the single executable begins: its program are the files of `dist`, which are its assets.
const { getAsset, getRawAsset } = require("node:sea");
const { dirname, join, posix } = require("node:path");
const { Script } = require("node:vm");

/** What V8 compiled of a file, where the executable has it. V8 itself refuses what does not fit. */
const caches = new Set(
  JSON.parse(getAsset("assets.json", "utf8")).filter((/** @type {string} */ name) => name.endsWith(".cache")),
);

/** @type {Map<string, { exports: any }>} */
const loaded = new Map();

/**
 * Runs a file of the program once, as Node's own loader does with files.
 *
 * @param {string} path such as `dist/cli/command.js`
 * @returns {any} what it exports
 */
function load(path) {
  const known = loaded.get(path);
  if (known !== undefined) return known.exports;
  const module = { exports: {} };
  loaded.set(path, module);
  const filename = join(dirname(process.execPath), path);
  const code = `(function (exports, require, module, __filename, __dirname) { ${getAsset(path, "utf8")}\n})`;
  const cache = `${path}.cache`;
  const cachedData = caches.has(cache) ? Buffer.from(getRawAsset(cache)) : undefined;
  const script = new Script(code, { filename, cachedData });
  const run = script.runInThisContext();
  /** @param {string} name */
  const requireFrom = (name) =>
    name.startsWith(".") ? load(posix.join(posix.dirname(path), name)) : require(name);
  run.call(module.exports, module.exports, requireFrom, module, filename, dirname(filename));
  return module.exports;
}

load("dist/cli/command.js").runCommandLine();
