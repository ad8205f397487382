import { describe, expect, it } from "vitest";
import { FullScreen, type ScreenSize } from "../../src/terminal/full-screen.ts";
import { Screen } from "./screen.ts";

const filling = ({ width, rows }: ScreenSize) =>
  Array.from({ length: rows }, (_, row) => `${row} of ${rows} `.padEnd(width, "x"));

describe("the full screen", () => {
  it("fills every row of the other screen, and gives the terminal back as it was", () => {
    const terminal = new Screen(40, 10);
    terminal.write("$ reupload monitor\r\n");
    const screen = new FullScreen(terminal, filling);
    screen.refresh();
    expect(terminal.isOther).toBe(true);
    expect(terminal.isCursorVisible).toBe(false);
    expect(terminal.text).toEqual(filling({ width: 40, rows: 10 }));
    screen.close();
    screen.close();
    expect(terminal.isOther).toBe(false);
    expect(terminal.isCursorVisible).toBe(true);
    expect(terminal.text).toEqual(["$ reupload monitor"]);
  });

  it("leaves nothing stale when there is less to show", () => {
    const terminal = new Screen(40, 10);
    let lines = ["one", "two two two", "three"];
    using screen = new FullScreen(terminal, () => lines);
    screen.refresh();
    lines = ["four", "5"];
    screen.refresh();
    expect(terminal.text).toEqual(["four", "5"]);
  });

  it.each([
    [80, 24],
    [20, 3],
    [1, 1],
  ])("is drawn anew when the terminal has another size: %i x %i", (columns, rows) => {
    const terminal = new Screen(40, 10);
    using screen = new FullScreen(terminal, filling);
    screen.refresh();
    terminal.resizeOther(columns, rows);
    expect(terminal.text).toEqual(filling({ width: columns, rows }).map((line) => line.slice(0, columns)));
  });

  it("gives the screen back before the process is stopped, and takes it again", () => {
    const terminal = new Screen(40, 10);
    using screen = new FullScreen(terminal, () => ["progress"]);
    screen.refresh();
    screen.suspend();
    expect({ other: terminal.isOther, cursor: terminal.isCursorVisible }).toEqual({
      other: false,
      cursor: true,
    });
    screen.refresh();
    expect(terminal.text).toEqual(["progress"]);
  });

  it("no longer listens once it is closed", () => {
    const terminal = new Screen(40, 10);
    new FullScreen(terminal, () => []).close();
    expect(terminal.listenerCount("resize")).toBe(0);
    expect(terminal.writes).toBe(0);
  });
});
