/** The storage simulator of the benches, held against the emulator; needs g++ and OpenSSL's headers (libssl-dev). */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/bench/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    expect: { requireAssertions: true },
    testTimeout: 120_000,
    hookTimeout: 180_000,
    maxWorkers: 1,
  },
});
