/** A terminal of a fixed size in which a command runs: tmux, on a server of its own. */
import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const COLUMNS = 110;
const LOOK_EVERY_MS = 200;

export interface Terminal extends Disposable {
  /** Waits until the screen matches, and gives it with its colours. @throws Error with the screen after 120 s */
  screenWith(pattern: RegExp): Promise<string>;
  /** The same after some time, in ms. */
  screenAfter(ms: number): Promise<string>;
}

/** @param command for the shell; what it shows stays on the screen after its end */
export function openTerminal(
  command: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
  rows = 40,
): Terminal {
  const server = `reupload-pictures-${process.pid}-${performance.now().toFixed(0)}`;
  const tmux = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync("tmux", ["-L", server, "-f", "/dev/null", ...args], {
      cwd,
      env: { ...env, TERM: "xterm-256color" },
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`tmux ${args[0] ?? ""}: ${stderr}`);
    return stdout;
  };
  tmux(
    "new-session",
    "-d",
    "-x",
    String(COLUMNS),
    "-y",
    String(rows),
    "-s",
    "picture",
    `${command}; sleep 600`,
  );
  const capture = (): string => tmux("capture-pane", "-e", "-p", "-t", "picture");
  return {
    async screenWith(pattern) {
      for (let tries = 0; tries < 600; tries++) {
        const screen = capture();
        if (pattern.test(screen)) return screen;
        await sleep(LOOK_EVERY_MS);
      }
      throw new Error(`no ${pattern} in\n${capture()}`);
    },
    async screenAfter(ms) {
      await sleep(ms);
      return capture();
    },
    [Symbol.dispose]() {
      tmux("kill-server");
    },
  };
}
