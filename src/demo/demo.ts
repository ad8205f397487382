/**
 * The demo: an input that has everything that the real one has (duplicates, missing blobs, links with and without a SAS,
 * special names), made by a seed on the storage emulator, and what is kept of it for a later look.
 */
export { type DemoInput, makeDemoInput } from "./demo-input.ts";
export type { DemoScale } from "./demo-plan.ts";
export { addMissing, noteKept, stopKept } from "./demo-kept.ts";
export { type DemoMachine, runDemoMachines } from "./demo-machines.ts";
export { type DemoKusto, startDemoKusto } from "./demo-kusto.ts";
