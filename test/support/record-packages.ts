/**
 * Loaded into a process before its program (`node --import`): writes the packages of npm whose code the process loaded, a
 * name a line, into the file that LOADED_PACKAGES names, when it ends. The bundler marks in the program's files which
 * module each part comes from.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

const packages = new Set<string>();
registerHooks({
  load(url, context, next) {
    if (url.includes("/dist/")) {
      const code = readFileSync(fileURLToPath(url), "utf8");
      const parts = code.matchAll(/^\/\/ node_modules\/((?:@[^/\n]+\/)?[^/\n]+)/gm);
      for (const [, name] of parts) if (name !== undefined) packages.add(name);
    }
    return next(url, context);
  },
});
process.once("exit", () => {
  const file = process.env["LOADED_PACKAGES"];
  if (file !== undefined) writeFileSync(file, [...packages].toSorted().join("\n"));
});
