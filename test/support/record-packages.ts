/**
 * Loaded into a process before its program (`node --import`): writes which packages of npm the process loaded, a name a
 * line, into the file that LOADED_PACKAGES names, when it ends.
 */
import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";

const packages = new Set<string>();
registerHooks({
  load(url, context, next) {
    const inside = url.split("/node_modules/").at(-1);
    const name = url.includes("/node_modules/") ? /^(?:@[^/]+\/)?[^/]+/.exec(inside ?? "")?.[0] : undefined;
    if (name !== undefined) packages.add(name);
    return next(url, context);
  },
});
process.once("exit", () => {
  const file = process.env["LOADED_PACKAGES"];
  if (file !== undefined) writeFileSync(file, [...packages].toSorted().join("\n"));
});
