import type { Plugin } from "rolldown";

/** What is required when it is needed, without waiting: each is a file by itself. */
export const SYNC_PACKAGES = ["yaml", "string-width"];

const MAKES = "createRequire(import.meta.url)";

/**
 * Configuration files are read and written without waiting, and most starts have none; so are texts measured that are not
 * plain. A module that would require anything else from its own place is refused.
 */
export function syncPackages(): Plugin {
  return {
    name: "sync-packages",
    transform: {
      filter: { id: /[\\/]src[\\/].*\.ts$/, code: MAKES },
      handler(code, id) {
        const calls = code.match(/\bload\([^)]*\)/g) ?? [];
        const known = SYNC_PACKAGES.find((name) => calls.every((call) => call === `load("${name}")`));
        if (!code.includes(`const load = ${MAKES};`) || known === undefined) {
          throw new Error(`${id} requires something else than one of ${SYNC_PACKAGES.join(", ")}: import it`);
        }
        const loads = `load("${known}")`;
        return { code: code.replace(MAKES, "require").replace(loads, `load("./${known}.js")`), map: null };
      },
    },
  };
}
