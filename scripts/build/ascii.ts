import type { Plugin } from "rolldown";

/**
 * Writes every character beyond ASCII as an escape. V8 keeps a text with one character beyond Latin-1 in two bytes each:
 * 3 MB for the program, and the reading of it took 8 ms of a start.
 */
export function onlyAscii(): Plugin {
  return {
    name: "only-ascii",
    // Not earlier: the bundler's last step would write the characters again.
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") file.code = escapeBeyondAscii(file.code);
      }
    },
  };
}

/** The same program, if no `String.raw` and no name in it has such a character. */
export function escapeBeyondAscii(code: string): string {
  // Code units, so that what is beyond 16 bits becomes two.
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
