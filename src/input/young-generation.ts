import { setFlagsFromString } from "node:v8";

/** V8's own factor, by which the young generation grows each time. */
const DEFAULT_FACTOR = 2;

let holders = 0;

/**
 * Keeps V8's young generation from growing until it is disposed of. Of millions of rows that pass through it would let
 * some 40 MB of garbage lie, and be no faster. (The flag is read whenever the generation is about to grow.)
 */
export function holdYoungGeneration(): Disposable {
  if (holders++ === 0) setFlagsFromString("--semi-space-growth-factor=1");
  return {
    [Symbol.dispose]() {
      if (--holders === 0) setFlagsFromString(`--semi-space-growth-factor=${DEFAULT_FACTOR}`);
    },
  };
}
