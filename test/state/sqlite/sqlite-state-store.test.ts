import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { describeStateStore } from "../conformance.ts";
import type { StateHarness } from "../harness.ts";
import { csvOf } from "../samples.ts";
import { openState, temporaryFolder } from "../state-support.ts";

describeStateStore("SQLite", async (): Promise<StateHarness> => {
  const folder = await temporaryFolder();
  let path = join(folder, "state.db");
  return {
    start: (rows) => openState(path, csvOf(rows)),
    resume: (options) => openState(path, undefined, options),
    async kill(store) {
      const killed = join(folder, "killed.db");
      copyFileSync(path, killed);
      if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${killed}-wal`);
      path = killed;
      await store.close();
    },
  };
});
