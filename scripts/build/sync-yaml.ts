import type { Plugin } from "rolldown";

const MAKES = "createRequire(import.meta.url)";
const LOADS = 'load("yaml")';

/**
 * Configuration files are read and written without waiting, and most starts have none: `yaml` is a file by itself that is
 * required when it is needed. A module that would require anything else from its own place is refused.
 */
export function syncYaml(): Plugin {
  return {
    name: "sync-yaml",
    transform: {
      filter: { id: /[\\/]src[\\/].*\.ts$/, code: MAKES },
      handler(code, id) {
        const calls = code.match(/\bload\([^)]*\)/g) ?? [];
        if (!code.includes(`const load = ${MAKES};`) || calls.some((call) => call !== LOADS)) {
          throw new Error(`${id} requires something else than yaml: import it`);
        }
        return { code: code.replace(MAKES, "require").replace(LOADS, 'load("./yaml.js")'), map: null };
      },
    },
  };
}
