"use strict";
// Where the single executable begins: its program are the files of `dist`, which are its assets.
const { getAsset, getRawAsset } = require("node:sea");
const path = require("node:path");
const { Script } = require("node:vm");

/** @typedef {Record<string, () => Promise<void>>} Exports */
/** @typedef {(this: Exports, ...given: readonly unknown[]) => void} Code */

const assets = new Set(/** @type {string[]} */ (JSON.parse(getAsset("assets.json", "utf8"))));
/** @type {Map<string, { exports: Exports }>} */
const loaded = new Map();

/**
 * Runs a file of the program once, as Node's own loader does with files.
 *
 * @param {string} name such as `dist/cli/command.js`
 * @returns {Exports} what it exports
 */
function load(name) {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const module = { exports: /** @type {Exports} */ ({}) };
  loaded.set(name, module);
  const filename = path.join(path.dirname(process.execPath), name);
  const text = `(function (exports, require, module, __filename, __dirname) { ${getAsset(name, "utf8")}\n})`;
  // What V8 compiled of it before, where the executable has that. V8 itself refuses what does not fit.
  const cache = `${name}.cache`;
  const cachedData = assets.has(cache) ? Buffer.from(getRawAsset(cache)) : undefined;
  const code = /** @type {Code} */ (new Script(text, { filename, cachedData }).runInThisContext());
  /** @param {string} wanted */
  const requireFrom = (wanted) =>
    wanted.startsWith(".")
      ? load(path.posix.join(path.posix.dirname(name), wanted))
      : /** @type {Exports} */ (require(wanted));
  code.call(module.exports, module.exports, requireFrom, module, filename, path.dirname(filename));
  return module.exports;
}

void load("dist/cli/command.js")["runCommandLine"]?.();
