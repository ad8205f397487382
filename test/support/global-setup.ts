import type { TestProject } from "vitest/node";
import { type Emulator, startEmulator } from "../../src/emulator/emulator.ts";
import { REAL_SURROUNDINGS } from "../../src/surroundings/surroundings.ts";

declare module "vitest" {
  interface ProvidedContext {
    emulator: Pick<Emulator, "connectionString" | "blobEndpoint" | "queueEndpoint">;
  }
}

/** One emulator for the whole test run, in memory; it ends with the run, however that ends. */
export default async function startForAllTests(project: TestProject): Promise<() => Promise<void>> {
  const emulator = await startEmulator({
    surroundings: REAL_SURROUNDINGS,
    signal: AbortSignal.timeout(60_000),
  });
  const { connectionString, blobEndpoint, queueEndpoint } = emulator;
  project.provide("emulator", { connectionString, blobEndpoint, queueEndpoint });
  return () => emulator.stop();
}
