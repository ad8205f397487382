import { defineConfig } from "vitest/config";

/** `npm run test:azure`: against a real account, by AZURE_TEST_CONNECTION_STRING; never in CI. */
export default defineConfig({
  test: {
    include: ["test/real-azure/*.azure.ts"],
    reporters: ["verbose"],
    expect: { requireAssertions: true },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
