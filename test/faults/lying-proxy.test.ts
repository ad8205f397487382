/** Something between this machine and the account answers in its place for a while; then the account does. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, figureOf } from "../e2e/expectations.ts";
import { makePlain, type PlainInput } from "../e2e/plain-input.ts";
import { type Scene, startScene } from "../e2e/scene.ts";
import type { Operation } from "../support/operations.ts";

/** How long it lies, from its first lie on, ms. */
const LIES_MS = 1_500;

let scene: Scene;
let input: PlainInput;
beforeEach(async () => {
  scene = await startScene();
  input = await makePlain(scene, 6, 4);
});
afterEach(() => scene[Symbol.asyncDispose]());

/** Web pages in place of these answers, for a while, after some honest ones. */
function lie(status: number, skip: number, ...operation: Operation[]): void {
  let began: number | undefined;
  scene.proxy.fail({
    operation,
    skip,
    fault: { kind: "page", status },
    when: () => performance.now() - (began ??= performance.now()) < LIES_MS,
  });
}

async function expectAllDone(result: { code: number | null; stdout: string; stderr: string }): Promise<void> {
  expect(result.code, result.stdout + result.stderr).toBe(0);
  expect(figureOf(result.stdout, "failed")).toBe(0);
  expect(result.stderr).toMatch(/waiting for (target|queue|source) .*something between this machine and/);
  await expectInTarget(scene, input.files);
  await expectAnnouncedOnce(scene, input.files);
}

const LIES: readonly (readonly [number, Operation])[] = [
  [200, "put-blob"],
  [200, "put-message"],
  [200, "get-blob"],
  [302, "put-blob"],
  [403, "put-blob"],
  [404, "put-message"],
  [404, "get-blob"],
];

describe("a web page", () => {
  it.each(LIES)(
    "with HTTP %i in place of %s makes nothing a success, and charges no file",
    async (status, operation) => {
      lie(status, 3, operation);
      // Streamed, so that the bytes are read by us.
      await expectAllDone(await scene.run(["--transfer", "stream"]));
    },
  );

  it("in place of every answer from the start on is waited for", async () => {
    lie(200, 0, "get-container-properties", "get-queue-properties");
    const result = await scene.run();
    expect(result.code, result.stdout + result.stderr).toBe(0);
    expect(scene.proxy.count("get-container-properties")).toBeGreaterThan(1);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });

  it("in place of a list of blobs loses no file", async () => {
    lie(200, 1, "list-blobs");
    const args =
      "run --csv failed_workitems.csv --state-db state.db --workitem-workers 4 --file-workers 4".split(" ");
    args.push("--target-container", scene.container, "--queue", scene.queue);
    args.push("--source-container", `${scene.proxy.blobEndpoint}/${scene.source}`);
    args.push("--source-prefix", "{workItemId}/");
    const result = await scene.cli(args);
    expect(result.code, result.stdout + result.stderr).toBe(0);
    expect(result.stderr).toMatch(/waiting for source .*something between this machine and/);
    // The container tells no names of work items.
    const wanted = input.files.map((file) => ({ ...file, blobName: file.blobName.replace("name-", "") }));
    await expectInTarget(scene, wanted);
    await expectAnnouncedOnce(scene, wanted);
  });

  it("from the start on that stays ends it before the first file, named, with what to look at", async () => {
    scene.proxy.fail({ fault: { kind: "page", status: 200 } });
    const result = await scene.run(["--max-wait", "1s"]);
    expect(result.code).toBe(6);
    expect(result.stderr).toMatch(
      /Something else answers in place of the target .*: something between this machine and/,
    );
    expect(result.stderr).toContain("a proxy, a captive portal or a firewall");
  });

  it("that stays ends the run, saved and named, and --resume finishes it", async () => {
    const heal = scene.proxy.fail({
      operation: "put-message",
      skip: 5,
      fault: { kind: "page", status: 200 },
    });
    const stopped = await scene.run(["--max-wait", "2s"]);
    expect(stopped.code, stopped.stdout).toBe(6);
    expect(stopped.stdout + stopped.stderr).toMatch(
      /something between this machine and 127\.0\.0\.1:\d+ answered/,
    );
    expect(stopped.stdout + stopped.stderr).toContain("captive portal");
    heal();
    const resumed = await scene.resume();
    expect(resumed.code, resumed.stdout).toBe(0);
    await expectInTarget(scene, input.files);
    await expectAnnouncedOnce(scene, input.files);
  });
});

it("a clock that is wrong for a while charges no file, and is told with what to do", async () => {
  let began: number | undefined;
  scene.proxy.fail({
    operation: ["put-blob", "put-message"],
    skip: 3,
    fault: {
      kind: "answer",
      status: 403,
      errorCode: "AuthenticationFailed",
      headers: { date: new Date(Date.now() - 40 * 60_000).toUTCString() },
    },
    when: () => performance.now() - (began ??= performance.now()) < LIES_MS,
  });
  const result = await scene.run();
  expect(result.code, result.stdout + result.stderr).toBe(0);
  expect(result.stderr).toMatch(
    /set the clock of this machine \(the clock of this machine is 40 min ahead of the service's clock\)/,
  );
  expect(result.stdout + result.stderr).not.toContain("role");
  await expectInTarget(scene, input.files);
  await expectAnnouncedOnce(scene, input.files);
});
