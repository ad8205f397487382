import { describe, expect, it } from "vitest";
import { expectAnnouncedOnce, expectInTarget, summaryIn } from "../support/scene.ts";
import { faultScene, untilSeen } from "./support.ts";

const SLOTS = 8;

describe("a service in trouble", () => {
  it("that asks to slow down gets so few requests as it wants; no file fails", async () => {
    await using setup = await faultScene({ workItems: 4, filesEach: 15 });
    const { scene, files, proxy } = setup;
    proxy.fail({
      operation: "put-blob",
      skip: 10,
      times: 10,
      fault: {
        kind: "answer",
        status: 429,
        errorCode: "ServerBusy",
        headers: { "retry-after": "2" },
      },
    });
    const { code, summary } = await scene.summaryOf();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ failures: [], files: { copied: files.length } });
    expect(summary.thisStart.throttles).toBe(10);
    await expectInTarget(scene, files);
    await expectAnnouncedOnce(scene, files);
    // Only what was under way when the first 429 came.
    const puts = proxy.requests.filter(({ operation }) => operation === "put-blob");
    const storm = puts.find(({ status }) => status === 429)?.at ?? 0;
    const during = puts.filter(({ at }) => at > storm && at < storm + 1800);
    expect(during.length).toBeLessThan(SLOTS);
  });

  it("that does not answer one request holds up that file alone", async () => {
    await using setup = await faultScene({ workItems: 4, filesEach: 15 });
    const { scene, files, first, proxy } = setup;
    const name = `${scene.container}/${first.blobName}`;
    proxy.fail({ operation: "put-blob", name, times: 1, fault: { kind: "hang" } });
    proxy.fail({
      operation: "get-blob",
      name: /file-1\.json$/,
      times: 1,
      fault: { kind: "stall-body", afterBytes: 9 },
    });
    const { code, summary } = await scene.summaryOf(["--request-timeout", "1s"]);
    expect(code).toBe(0);
    expect(summary).toMatchObject({ failures: [], files: { copied: files.length } });
    await expectInTarget(scene, files);
    await expectAnnouncedOnce(scene, files);
    const ofFile = proxy.requests.filter((seen) => seen.operation === "put-blob" && seen.name === name);
    expect(ofFile).toHaveLength(2);
    const [hung, again] = ofFile.map(({ at }) => at);
    const meanwhile = proxy.requests.filter(
      ({ operation, at, status }) =>
        operation === "put-blob" && status === 201 && at > (hung ?? 0) && at < (again ?? 0),
    );
    expect(meanwhile.length).toBeGreaterThan(SLOTS);
  });

  it("that goes away is waited for, and nothing is charged to the files", async () => {
    await using setup = await faultScene({ workItems: 4, filesEach: 20 });
    const { scene, files, proxy } = setup;
    const under = untilSeen(proxy, "put-blob", 20);
    const command = scene.start(["--output", "json"]);
    await under;
    await proxy.offline();
    await command.waitFor(/"type":"waiting"/);
    await proxy.online();
    const result = await command.done;
    expect(result.code).toBe(0);
    expect(summaryIn(result)).toMatchObject({ failures: [], files: { total: files.length, failed: 0 } });
    expect(result.stdout).toContain('"type":"resumed"');
    await expectInTarget(scene, files);
    const announced = await scene.announced();
    expect(announced.size).toBe(files.length);
  });

  it("that stays away ends the run after --max-wait with exit code 6, resumable", async () => {
    await using setup = await faultScene({ workItems: 4, filesEach: 20 });
    const { scene, files, proxy } = setup;
    const under = untilSeen(proxy, "put-blob", 20);
    const command = scene.start(["--max-wait", "2s"]);
    await under;
    await proxy.offline();
    const { code, stdout, stderr } = await command.done;
    expect(code).toBe(6);
    expect(stderr).toMatch(/waiting for (target|queue|source) 127\.0\.0\.1:\d+ since .* UTC: /);
    expect(stderr).toMatch(
      /error: The (target|queue|source) 127\.0\.0\.1:\d+ does not answer .*\n.*--resume/,
    );
    expect(stdout).toMatch(/^Stopped: /);
    expect(stdout).toContain("reupload run --resume");
    expect(stdout).not.toContain("Failed");

    await proxy.online();
    const again = await scene.summaryOf(["--resume"]);
    expect(again.code).toBe(0);
    expect(again.summary).toMatchObject({ failures: [], rows: { completed: 4 }, gaps: [] });
    await expectInTarget(scene, files);
  });

  it("that never was there ends the run with exit code 6 before a state is made", async () => {
    await using setup = await faultScene({ workItems: 2, filesEach: 2 });
    const { scene, files, proxy } = setup;
    await proxy.offline();
    const { code, stdout, stderr } = await scene.run(["--max-wait", "2s"]);
    expect(code).toBe(6);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/error: The target 127\.0\.0\.1:\d+ does not answer/);
    await proxy.online();
    expect((await scene.run()).code).toBe(0);
    await expectInTarget(scene, files);
  });

  it("that is the queue alone holds back the announcements and loses none", async () => {
    await using setup = await faultScene({ workItems: 4, filesEach: 20 });
    const { scene, files, proxy } = setup;
    const under = untilSeen(proxy, "put-message", 20);
    const command = scene.start(["--output", "json"]);
    await under;
    proxy.fail({ service: "queue", fault: { kind: "reset-before" } });
    await command.waitFor(/"type":"waiting"[^\n]*"what":"queue /);
    proxy.heal();
    const result = await command.done;
    expect(result.code).toBe(0);
    expect(summaryIn(result)).toMatchObject({
      failures: [],
      announced: files.length,
      uploadedNotAnnounced: 0,
      files: { copied: files.length },
    });
    await expectInTarget(scene, files);
    await expectAnnouncedOnce(scene, files);
  });
});
