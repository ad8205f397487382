import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { STATES } from "../../../src/state/wiring.ts";
import { describeState } from "../conformance.ts";
import type { StateHarness } from "../harness.ts";
import { csvOf, DESCRIPTION } from "../samples.ts";
import { openState, temporaryFolder } from "../state-support.ts";

describeState("SQLite", async (): Promise<StateHarness> => {
  const folder = await temporaryFolder();
  let path = join(folder, "state.db");
  let places = 0;
  let description = DESCRIPTION;
  return {
    kind: STATES,
    newLocation: () => join(folder, `other-${++places}.db`),
    start(rows, share = {}) {
      description = { ...DESCRIPTION, identity: { ...DESCRIPTION.identity, ...share } };
      return openState(path, csvOf(rows), { description });
    },
    resume: (options) => openState(path, undefined, { description, ...options }),
    async kill(state) {
      const killed = join(folder, "killed.db");
      copyFileSync(path, killed);
      if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${killed}-wal`);
      path = killed;
      await state.close();
    },
    read: () => STATES.read(path),
  };
});
