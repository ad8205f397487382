import type { Plugin } from "rolldown";

/**
 * The configuration file is read without waiting, and most starts have none: `yaml` is a file by itself that is
 * required when it is needed.
 */
export function syncYaml(): Plugin {
  return {
    name: "sync-yaml",
    transform: {
      filter: { id: /[\\/]src[\\/]config[\\/]config-file\.ts$/ },
      handler(code) {
        const changed = code
          .replace("createRequire(import.meta.url)", "require")
          .replace('load("yaml")', 'load("./yaml.js")');
        if (
          changed.length !==
          code.length - "createRequire(import.meta.url)".length + "require./.js".length
        ) {
          throw new Error("config-file.ts does not load yaml as it did");
        }
        return { code: changed, map: null };
      },
    },
  };
}
