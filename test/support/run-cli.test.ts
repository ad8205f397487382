import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli, startCli } from "./run-cli.ts";

let folder: string;
let script: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "reupload-test-")));
  script = join(folder, "program.mjs");
  await writeFile(
    script,
    `import { text } from "node:stream/consumers";
     const [task, ...rest] = process.argv.slice(2);
     if (task === "tell") {
       process.stdout.write(JSON.stringify({ rest, cwd: process.cwd(), env: process.env, input: await text(process.stdin) }));
       process.stderr.write("told");
       process.exitCode = 3;
     } else {
       process.once("SIGTERM", () => { process.stdout.write("bye"); process.exit(143); });
       setInterval(() => {}, 1000);
       process.stderr.write("ready\\n");
     }`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("runCli gives what the program printed and its exit code, with its own folder, environment and input", async () => {
  process.env["REUPLOAD_LEAK"] = "x";
  const result = await runCli(["tell", "a b", "--c"], {
    script,
    cwd: folder,
    env: { REUPLOAD_X: "1" },
    input: "in",
  });
  delete process.env["REUPLOAD_LEAK"];
  expect(result).toMatchObject({ code: 3, signal: null, stderr: "told" });
  const told = JSON.parse(result.stdout) as { env: Record<string, string> };
  expect(told).toMatchObject({ rest: ["a b", "--c"], cwd: folder, input: "in" });
  expect(told.env["REUPLOAD_X"]).toBe("1");
  expect(told.env["REUPLOAD_LEAK"]).toBeUndefined();
});

it("startCli waits for what is printed, and ends the program by signal", async () => {
  const polite = startCli(["stay"], { script });
  await polite.waitFor(/ready/);
  expect(await polite.kill("SIGTERM")).toMatchObject({ code: 143, signal: null, stdout: "bye" });
  await polite.waitFor(/bye/);
  await expect(polite.waitFor(/never/)).rejects.toThrow("ended without /never/");

  const killed = startCli(["stay"], { script });
  await killed.waitFor(/ready/);
  expect(await killed.kill()).toMatchObject({ code: null, signal: "SIGKILL" });
});

it("runCli kills what takes too long, and says what it had printed", async () => {
  const slow = runCli(["stay"], { script, timeoutMs: 1000 });
  await expect(slow).rejects.toThrow(/not done after 1000 ms[^]*ready/);
});

it("runCli says when there is nothing to run", () => {
  expect(() => startCli([], { script: join(folder, "none.js") })).toThrow("npm run build");
});
