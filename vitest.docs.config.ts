/** `npm run test:docs`: the commands of README and docs, each run for real; the tour of the README takes longest. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/docs/*.docs.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["verbose"],
    expect: { requireAssertions: true },
    testTimeout: 600_000,
    hookTimeout: 60_000,
    maxConcurrency: 3,
  },
});
