import type { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Io } from "../../src/terminal/io.ts";
import { STATES_DRAWING } from "../../src/terminal/monitor-text.ts";
import { MonitorScreen } from "../../src/terminal/monitor-screen.ts";
import { pictureOf } from "./pictures.ts";
import { Screen } from "./screen.ts";

const EVENTS = ["SIGTSTP", "SIGCONT", "uncaughtExceptionMonitor", "exit"];

/** A monitor on a terminal of 80 x 24, with its keys. */
function open() {
  const listeners = () => EVENTS.map((event) => process.listenerCount(event));
  const before = listeners();
  const terminal = Object.assign(new Screen(80, 24), { isTTY: true });
  const keys = Object.assign(new PassThrough(), {
    isTTY: true,
    isRaw: false,
    setRawMode(mode: boolean) {
      keys.isRaw = mode;
    },
  });
  const io = {
    stdin: keys,
    stdout: terminal,
    env: { LANG: "C.UTF-8", NO_COLOR: "1" },
    isStdoutClosed: () => false,
  };
  const screen = new MonitorScreen(io as unknown as Io, false, STATES_DRAWING);
  onTestFinished(() => screen[Symbol.dispose]());
  const press = async (key: string) => {
    keys.write(key);
    await new Promise(setImmediate);
  };
  const isGivenBack = () => !terminal.isOther && terminal.isCursorVisible && !keys.isRaw;
  return { terminal, keys, screen, press, isGivenBack, listens: () => listeners().join() !== before.join() };
}

describe("the monitor on a terminal", () => {
  it("is drawn anew in any size and leaves nothing stale", () => {
    const { terminal, screen } = open();
    screen.show(pictureOf());
    expect(terminal.text).toHaveLength(15);
    expect(terminal.text.at(-1)).toBe("q or Ctrl+C closes the monitor; the runs continue");
    for (const [columns, rows] of [
      [200, 50],
      [30, 6],
      [10, 1],
      [80, 24],
    ] as const) {
      terminal.resizeOther(columns, rows);
      expect(terminal.text.length).toBeGreaterThan(0);
      expect(terminal.text.length).toBeLessThanOrEqual(rows);
    }
    expect(terminal.text).toHaveLength(15);
  });

  it("takes the screen and the keys, and gives both back with the last picture on the terminal", () => {
    const { terminal, keys, screen, isGivenBack, listens } = open();
    screen.show(pictureOf());
    expect({ other: terminal.isOther, cursor: terminal.isCursorVisible, raw: keys.isRaw }).toEqual({
      other: true,
      cursor: false,
      raw: true,
    });
    screen[Symbol.dispose]();
    expect(isGivenBack()).toBe(true);
    expect(listens()).toBe(false);
    expect(terminal.text[0]).toBe("2026-07-01 12:12:10 UTC: 2 states, 2 running");
  });

  it.each(["q", "Q"])("is left by %s", async (key) => {
    const { screen, press } = open();
    await press("x");
    expect(screen.left.aborted).toBe(false);
    await press(key);
    expect(screen.left.aborted).toBe(true);
  });

  it("passes Ctrl+C on as the signal that the terminal no longer sends", async () => {
    const { press } = open();
    let heard = 0;
    const hear = () => heard++;
    process.on("SIGINT", hear);
    try {
      await press("x");
      expect(heard).toBe(0);
      await press("\u0003");
      expect(heard).toBe(1);
    } finally {
      process.off("SIGINT", hear);
    }
  });

  it("gives the screen and the keys back before Node reports an error that nobody caught", () => {
    const { screen, isGivenBack } = open();
    screen.show(pictureOf());
    const events: EventEmitter = process;
    events.emit("uncaughtExceptionMonitor", new Error("unforeseen"), "uncaughtException");
    expect(isGivenBack()).toBe(true);
  });

  it("takes the screen and the keys again after it was stopped", () => {
    const { terminal, keys, screen } = open();
    screen.show(pictureOf());
    keys.setRawMode(false);
    process.emit("SIGCONT", "SIGCONT");
    expect({ other: terminal.isOther, raw: keys.isRaw }).toEqual({ other: true, raw: true });
    expect(keys.listenerCount("data")).toBe(1);
  });
});
