/** `reupload plan --probe`: measures on the account itself, and leaves nothing behind. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { makePlain } from "./plain-input.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

it("a probe copies files into the coordination container, deletes them, announces nothing and tells the rate", async () => {
  const input = await makePlain(scene, 3, 4);
  const probes = `probe-${scene.container}`;
  await scene.behind.container(probes).create();
  const place = [
    "--target-container",
    scene.container,
    "--queue",
    scene.queue,
    "--coordination-container",
    probes,
  ];
  const args = ["plan", "failed_workitems.csv", "--files", "listing.csv", "--probe", ...place];
  const { code, stdout, stderr } = await scene.cli(args);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain(`copies up to 400 files of 20 work items into ${probes}, and deletes them`);
  expect(stdout).toContain("3 work items, about 12 files (4 a work item)\n");
  expect(stdout).toMatch(
    /^One machine: [\d.,]+ files\/s, [\d.,]+ work items\/min \(measured with 12 files\)$/m,
  );
  const copied = scene.proxy.requests.filter(
    ({ operation, name }) => operation === "put-blob-from-url" && name.startsWith(`${probes}/probe-`),
  );
  expect(copied).toHaveLength(input.files.length);
  expect(await scene.reader.list(probes)).toHaveProperty("size", 0);
  expect(await scene.reader.list(scene.container)).toHaveProperty("size", 0);
  expect((await scene.behind.queue(scene.queue).getProperties()).approximateMessagesCount).toBe(0);
});

it("a probe that may not copy says why and leaves nothing behind", async () => {
  const place = ["--target-container", scene.container, "--queue", scene.queue];
  const args = ["plan", "failed_workitems.csv", "--files", "listing.csv", "--probe", ...place];
  const { code, stderr } = await scene.cli([...args, "--coordination-container", "not-there"]);
  expect(stderr).toContain("not-there");
  expect(code).not.toBe(0);
});
