/**
 * `npm run test:threads`: what runs the command on files, with three threads a run; and the contracts of a slot's two
 * doors, carried by one thread and by three.
 */
import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

const DOORS = "test/{transfer,announce}/**/*.test.ts";

/** A part of the suite, run with this environment. */
function part(name: string, include: string, env: Record<string, string>) {
  return { test: { ...base.test, name, env, include: [include] } };
}

export default defineConfig({
  test: {
    projects: [
      part("one carrier", DOORS, { TEST_CARRIERS: "1" }),
      part("three carriers", DOORS, { TEST_CARRIERS: "3" }),
      part("three threads", "test/{e2e,faults}/**/*.test.ts", { TEST_THREADS: "3" }),
    ],
    maxWorkers: 4,
  },
});
