"use strict";
// Runs with the Node of an executable: loads the program's files as the executable does, and writes what V8 compiled:
// `FILE.cache` has all that was compiled in the end, `FILE.begun` what V8 says of itself at the moment of loading (the
// program changes V8's flags when it starts, and V8 takes no cache that was made with others).
// node code-cache-maker.cjs FOLDER-OF-DIST OUTPUT-FOLDER
const { mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const path = require("node:path");
const { Script } = require("node:vm");

/** @typedef {Record<string, () => Promise<void>>} Exports */
/** @typedef {(this: Exports, ...given: readonly unknown[]) => void} Code */

const [folder = "", output = ""] = process.argv.slice(2);
/** @type {Map<string, { exports: Exports, script: Script }>} */
const loaded = new Map();

/**
 * @param {string} name
 * @returns {Exports}
 */
function load(name) {
  const known = loaded.get(name);
  if (known !== undefined) return known.exports;
  const file = readFileSync(path.join(folder, name), "utf8");
  // The very text that `executable-main.cjs` compiles.
  const text = `(function (exports, require, module, __filename, __dirname) { ${file}\n})`;
  const script = new Script(text, { filename: name });
  write(`${name}.begun`, script.createCachedData());
  const module = { exports: /** @type {Exports} */ ({}), script };
  loaded.set(name, module);
  /** @param {string} wanted */
  const requireFrom = (wanted) =>
    wanted.startsWith(".")
      ? load(path.posix.join(path.posix.dirname(name), wanted))
      : /** @type {Exports} */ (require(wanted));
  const code = /** @type {Code} */ (script.runInThisContext());
  code.call(module.exports, module.exports, requireFrom, module, name, path.posix.dirname(name));
  return module.exports;
}

/**
 * @param {string} name
 * @param {Buffer} bytes
 */
function write(name, bytes) {
  const file = path.join(output, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, bytes);
}

async function main() {
  process.argv = [process.execPath, process.execPath, "--version"];
  await load("cli/command.js")["runCommandLine"]?.();
  // What a run on a listing loads.
  load("chunks/work-undici.js");
  for (const [name, { script }] of loaded) write(`${name}.cache`, script.createCachedData());
}

void main();
