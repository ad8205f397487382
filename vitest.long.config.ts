/** `npm run test:long`: tests that wait for the end of a lease; minutes, most of them asleep. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/long/*.long.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["verbose"],
    expect: { requireAssertions: true },
    testTimeout: 180_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
