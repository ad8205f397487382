import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

const KEYS = join(import.meta.dirname, "..", "..", "src", "terminal", "keys.ts");

/** A program that tells each key and each SIGINT on a line of its own, and ends at the signal, or with an error at `x`. */
const PROGRAM = `
import { Keys } from ${JSON.stringify(KEYS)};
process.on("SIGINT", () => {
  console.log("SIGINT");
  keys.close();
});
const keys = new Keys(process.stdin, {
  onKey(key) {
    console.log("key " + key);
    if (key === "x") throw new Error("a defect");
  },
});
console.log("listens " + keys.isListening);
`;

/** Runs the program in a pseudo terminal, between two words about the terminal's mode. @returns the lines it printed */
async function inTerminal(keys: readonly string[], program = PROGRAM, run = "node FILE"): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "reupload-keys-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "program.ts");
  await writeFile(file, program);
  const command = `trap : INT; stty -g; ${run.replace("node FILE", `${process.execPath} --no-warnings ${file} 2>/dev/null`)}; stty -g`;
  const script = spawn("script", ["--quiet", "--command", command, "/dev/null"], { stdio: "pipe" });
  onTestFinished(() => void script.kill("SIGKILL"));
  let text = "";
  script.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    const isReady = text.includes("listens");
    text += chunk;
    if (!isReady && text.includes("listens")) script.stdin.write(keys.join(""));
  });
  await once(script, "close");
  return text.trimEnd().split(/\r?\n/);
}

describe.skipIf(process.platform !== "linux")("the keys of a terminal", () => {
  it("are taken one by one, Ctrl+C is the signal that it always is, and the terminal is as before in the end", async () => {
    const [before, ...lines] = await inTerminal(["p", "+", "\u0003"]);
    const after = lines.pop();
    expect(lines).toEqual(["listens true", "key p", "key +", "SIGINT"]);
    expect(after).toBe(before);
  });

  it("leave the terminal as it was before when the program ends with a defect", async () => {
    const [before, ...lines] = await inTerminal(["x"]);
    expect(lines.slice(0, -1)).toEqual(["listens true", "key x"]);
    expect(lines.at(-1)).toBe(before);
  });

  it("are not taken in the background, where the system would stop the process", async () => {
    const [before, ...lines] = await inTerminal([], PROGRAM, "set -m; node FILE & wait");
    expect(lines.slice(0, -1).filter((line) => line.startsWith("listens"))).toEqual(["listens false"]);
    expect(lines.at(-1)).toBe(before);
  });
});
