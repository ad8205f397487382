import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // The benches' storage simulator is a native program: `npm run test:simulator` builds it and checks it.
    exclude: ["test/bench/**"],
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A test that makes no assertion fails. A busy machine is no failure: what is waited for comes, or the test's own
    // time ends.
    expect: { requireAssertions: true, poll: { timeout: 15_000 } },
    // Most of a test's time is waiting for a server or a process: twice as many files at once as the smallest machine has
    // cores. Files share a worker one after the other, so that libraries are loaded once a worker and not once a file.
    maxWorkers: 4,
    isolate: false,
    // Real servers and killed processes on a shared machine: CI gives a test a second try and says so. A test that
    // needs it is a finding all the same: run by hand, nothing is tried again.
    retry: process.env["CI"] === undefined ? 0 : 1,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text-summary", "html"],
    },
  },
});
