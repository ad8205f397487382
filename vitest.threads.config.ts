/** `npm run test:threads`: what runs the command on files, with three threads a run. */
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

export default mergeConfig(
  base,
  defineConfig({ test: { env: { TEST_THREADS: "3" }, include: ["test/{e2e,faults}/**/*.test.ts"] } }),
);
