/** `npm run test:long`: what takes longer than a lease, which lasts 30 s. Processes are stopped, killed and taken over. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/long/*.long.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["verbose"],
    expect: { requireAssertions: true, poll: { timeout: 30_000 } },
    testTimeout: 240_000,
    hookTimeout: 60_000,
  },
});
