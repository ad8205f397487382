/** The code that a command leaves compiled for its next start. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepCode } from "../../src/job/keep-code.ts";
import { CodePack, loadWithPack } from "../../src/cli/code-pack.ts";

const body = Array.from({ length: 50 }, (_, at) => `sum += n * ${at};`).join("\n");
const LATER = `let sum = 0; ${body} return sum;`;

const CODE_PACK = join(import.meta.dirname, "..", "..", "src", "cli", "code-pack.ts");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reupload-pack-"));
  await writeFile(join(folder, "package.json"), '{"type":"commonjs"}');
  await writeFile(
    join(folder, "first.js"),
    'const second = require("./second.js"); exports.value = () => second.value(2);',
  );
  await writeFile(join(folder, "second.js"), `exports.value = (n) => { ${LATER} };`);
});
afterEach(async () => {
  forget();
  setFlagsFromString("--flush-bytecode");
  await rm(folder, { recursive: true });
});

/** As a new process would find it. */
function forget(): void {
  const { cache } = createRequire(join(folder, "first.js"));
  for (const path of Object.keys(cache)) if (path.startsWith(folder)) delete cache[path];
}

function start() {
  forget();
  const pack = new CodePack(folder, folder, "run");
  const loaded = loadWithPack(pack, join(folder, "first.js")) as unknown as { value: () => number };
  return { pack, ...loaded };
}

function keep(pack: CodePack): void {
  keepCode(pack.path, pack.content());
}

async function packFile(): Promise<string> {
  const name = (await readdir(folder)).find((one) => one.startsWith("reupload-run-"));
  return join(folder, name ?? "none");
}

describe("the pack of compiled code", () => {
  it("is wanting at the first start, and found by the next one", () => {
    const first = start();
    expect(first.value()).toBe(2 * 49 * 25);
    expect(first.pack.isWanting).toBe(true);
    keep(first.pack);
    const second = start();
    expect(second.value()).toBe(2 * 49 * 25);
    expect(second.pack.isWanting).toBe(false);
  });

  it("has the functions that were called, not only what loading compiles", async () => {
    keep(start().pack);
    const { size: loaded } = await stat(await packFile());
    const { pack, value } = start();
    value();
    keep(pack);
    expect((await stat(await packFile())).size).toBeGreaterThan(loaded + 300);
  });

  it("is nobody's but the user's", async () => {
    keep(start().pack);
    expect((await stat(await packFile())).mode & 0o777).toBe(0o600);
  });

  it("is not used when others may write it", async () => {
    keep(start().pack);
    await chmod(await packFile(), 0o622);
    expect(start().pack.isWanting).toBe(true);
  });

  it("does not hold for a file that has changed, and is wanting then", async () => {
    keep(start().pack);
    await writeFile(join(folder, "second.js"), `exports.value = (m) => { ${LATER.replaceAll("n", "m")} };`);
    await writeFile(join(folder, "second.js"), "exports.value = () => 7;");
    const { pack, value } = start();
    expect(value()).toBe(7);
    expect(pack.isWanting).toBe(true);
  });

  it("does not hold for another text of the same length", async () => {
    keep(start().pack);
    const text = await readFile(join(folder, "second.js"), "utf8");
    await writeFile(join(folder, "second.js"), text.replace("n * 49", "n * 48"));
    const { pack, value } = start();
    expect(value()).toBe(2 * (49 * 25 - 1));
    expect(pack.isWanting).toBe(true);
  });

  it.each([
    ["is cut short", (all: Buffer) => all.subarray(0, all.length - 100)],
    ["is empty", () => Buffer.alloc(0)],
    [
      "has one wrong bit",
      (all: Buffer) => Buffer.from(all.map((byte, at) => (at === all.length - 50 ? byte ^ 1 : byte))),
    ],
    [
      "is of another layout",
      (all: Buffer) =>
        Buffer.from(all.toString("latin1").replace("reupload code", "reupload kode"), "latin1"),
    ],
    [
      "has a wrong bit in what it says of itself",
      (all: Buffer) => Buffer.from(all.toString("latin1").replace('"builtins":[', '"builtins":[5'), "latin1"),
    ],
    ["is all zeros", (all: Buffer) => Buffer.alloc(all.length)],
  ])("is not used when it %s", async (_, damage) => {
    keep(start().pack);
    await writeFile(await packFile(), damage(await readFile(await packFile())));
    const { pack, value } = start();
    expect(() => {
      pack.loadBuiltins();
    }).not.toThrow();
    expect(value()).toBe(2 * 49 * 25);
    expect(pack.isWanting).toBe(true);
  });

  it.skipIf(process.platform === "win32")("is not waited for where a pipe has its name", async () => {
    keep(start().pack);
    const path = await packFile();
    await rm(path);
    execFileSync("mkfifo", [path]);
    // In a process of its own: it would not come back.
    const script = `import { CodePack } from ${JSON.stringify(CODE_PACK)};
      process.exitCode = new CodePack(${JSON.stringify(folder)}, ${JSON.stringify(folder)}, "run").isWanting ? 7 : 8;`;
    const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      timeout: 20_000,
    });
    expect(status).toBe(7);
  });

  it("names the modules of Node that were loaded, for the next start", async () => {
    await writeFile(join(folder, "first.js"), 'require("node:string_decoder"); exports.value = () => 1;');
    keep(start().pack);
    expect(await readFile(await packFile(), "latin1")).toContain('"builtins":["node:string_decoder"]');
    expect(() => {
      new CodePack(folder, folder, "run").loadBuiltins();
    }).not.toThrow();
  });

  it("leaves files that it does not have to Node, which loads each of them once", async () => {
    await writeFile(join(folder, "first.js"), "exports.value = () => 1;");
    keep(start().pack);
    await writeFile(join(folder, "third.js"), 'exports.first = require("./first.js");');
    const { pack } = start();
    expect(pack.isWanting).toBe(false);
    const third = loadWithPack(pack, join(folder, "third.js")) as unknown as { first: unknown };
    expect(third.first).toBe(loadWithPack(pack, join(folder, "first.js")));
  });

  it("that cannot be written is no error", async () => {
    const { pack } = start();
    await rm(folder, { recursive: true });
    expect(() => {
      keep(pack);
    }).not.toThrow();
    await mkdir(folder);
  });

  it("that cannot even be looked at is no error", async () => {
    const { pack } = start();
    const content = pack.content();
    await writeFile(join(folder, "a file"), "");
    expect(() => {
      keepCode(join(folder, "a file", "pack"), content);
    }).not.toThrow();
  });
});
