/** A state that is copied while a run works on it: what the copy is taken for, and what a resume of it does. */
import { copyFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { expectInTarget } from "./expectations.ts";
import { makePlain } from "./plain-input.ts";
import { startScene, STATE } from "./scene.ts";

it("a copy without the log is told as one; it goes on when the original does not run", async () => {
  await using scene = await startScene();
  const input = await makePlain(scene, 6, 2);
  const gate = Promise.withResolvers<void>();
  scene.proxy.fail({ operation: "put-blob", skip: 4, fault: { kind: "hold", until: gate.promise } });
  const running = scene.startRun();
  const status = async () => (await scene.cli(["status", "--state-db", "copy.db"])).stdout;
  while (!(await scene.cli(["status", "--state-db", STATE])).stdout.includes("files_done=4")) await sleep(50);
  await copyFile(scene.path(STATE), scene.path("copy.db"));

  expect(await status()).toMatch(/process=died .*copy=of-running/);
  const resume = () => scene.cli(["run", "--resume", "--state-db", "copy.db"]);
  const refused = await resume();
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain(`in use by process ${running.pid} on `);
  expect(refused.stderr).toContain("--snapshot");

  await running.kill();
  gate.resolve();
  expect(await status()).toMatch(/process=died .*copy=without-log/);
  const resumed = await resume();
  expect(resumed.stderr).toContain("copied without its log");
  expect(resumed.code, resumed.stderr).toBe(0);
  await expectInTarget(scene, input.files);
});

it("the failures of states that are not added up are told of each", async () => {
  await using scene = await startScene();
  const input = await makePlain(scene, 2, 1);
  await scene.behind.container(scene.source).getBlockBlobClient(input.at(0).sourceName).delete();
  expect((await scene.run()).code).toBe(1);
  expect((await scene.run(["--state-db", "other.db", "--target-container", scene.source])).code).toBe(1);
  const both = ["--once", "--state-db", STATE, "--state-db", "other.db"];
  const { stdout, code } = await scene.cli(["monitor", ...both]);
  expect(code).toBe(3);
  expect(stdout).toMatch(/Failed +state\.db: source-not-found 1 file; other\.db: source-not-found 1 file/);
  const { failures } = JSON.parse((await scene.cli(["monitor", ...both, "--output", "json"])).stdout) as {
    failures: unknown;
  };
  expect(failures).toMatchObject([
    { stateDb: STATE, files: 1 },
    { stateDb: "other.db", files: 1 },
  ]);
});
