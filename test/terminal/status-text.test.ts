import { describe, expect, it } from "vitest";
import { statusText } from "../../src/terminal/status-text.ts";
import { DIED, ended, pictureOf } from "./pictures.ts";

const lines = (...parts: Parameters<typeof pictureOf>) => statusText(pictureOf(...parts).fleet);

describe("the status", () => {
  it("is a line of key=value for each state, and one for all", () => {
    expect(lines({}, { writer: ended(130, "Ctrl+C") })).toEqual([
      "state=data/machine1_state.db process=running pid=4711 host=machine1 exit_code=7 partition=0 total_partitions=2 work_items=98 work_items_done=30 work_items_empty=2 work_items_failed=1 work_items_left=65 files=2000 files_are_known=yes files_done=600 files_failed=7 files_skipped=0 files_left=1393 files_left_out=0 bytes=100000000",
      "state=data/machine2_state.db process=ended at=2026-07-01T11:12:10.000Z why=Ctrl+C exit_code=130 partition=1 total_partitions=2 work_items=98 work_items_done=30 work_items_empty=2 work_items_failed=1 work_items_left=65 files=600 files_are_known=yes files_done=520 files_failed=7 files_skipped=0 files_left=73 files_left_out=0 bytes=20000000",
      "total states=2 exit_code=130 missing_partitions=0 work_items=196 work_items_done=60 work_items_empty=4 work_items_failed=2 work_items_left=130 files=2600 files_are_known=yes files_done=1120 files_failed=14 files_skipped=0 files_left=1466 files_left_out=0 bytes=120000000",
    ]);
  });

  it("quotes what is more than a word, and says unknown for what is not known", () => {
    const [first, second] = lines(
      { writer: ended(6, 'it "broke"\n') },
      { workItems: { pending: 3 }, notLookedUp: 3, files: {}, writer: DIED },
    );
    expect(first).toContain(String.raw`why="it \"broke\"\n"`);
    expect(second).toContain("process=died at=2026-07-01T12:10:05.000Z exit_code=6");
    expect(second).toContain("files=unknown files_are_known=no");
  });

  it("adds up no states that do not belong together", () => {
    expect(lines({}, { partition: 0 })).toHaveLength(2);
  });
});
