import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { emulator } from "../support/azurite.ts";
import { expectAnnouncedOnce, expectInTarget } from "../support/scene.ts";
import { linkUntil, type SourceFile, writeListing } from "../support/source-files.ts";
import { faultScene, type FaultScene } from "./support.ts";

const EXPIRED = new Date(Date.now() - 60_000);
const IN_AN_HOUR = new Date(Date.now() + 3_600_000);

/** The listing as its owner makes it anew. */
async function replaceListing({ scene, proxy, files }: FaultScene): Promise<void> {
  const account = emulator(proxy.connectionString);
  const fresh = await Promise.all(
    files.map(async (file): Promise<SourceFile> => {
      const [, , container = "", ...names] = new URL(file.uri).pathname.split("/");
      const blob = account.container(container).getBlobClient(names.join("/"));
      return { ...file, link: await linkUntil(blob, IN_AN_HOUR) };
    }),
  );
  await writeListing(scene, fresh);
}

describe("links whose signature has ended", () => {
  it("are source-forbidden after a look for fresh ones, and done on resume with a new listing", async () => {
    await using setup = await faultScene({ workItems: 2, filesEach: 5, linksEnd: EXPIRED });
    const { scene, files } = setup;
    const { code, summary, result } = await scene.summaryOf(["--log-file", "run.log", "--verbose"]);
    expect(code).toBe(1);
    expect(summary).toMatchObject({
      failures: [{ code: "source-forbidden", files: files.length }],
      files: { copied: 0, failed: files.length },
    });
    expect(await scene.announced()).toEqual(new Map());
    expect(result.stdout + result.stderr).not.toMatch(/sig=(?!REDACTED)/i);

    await replaceListing(setup);
    expect((await scene.run(["--resume"])).code).toBe(0);
    await expectInTarget(scene, files);
    await expectAnnouncedOnce(scene, files);
  });

  it("are replaced in the run by those of a listing that was renewed meanwhile", async () => {
    await using setup = await faultScene({ workItems: 2, filesEach: 5, linksEnd: EXPIRED });
    const { scene, files, proxy } = setup;
    const renewed = Promise.withResolvers<void>();
    proxy.fail({ operation: "get-blob", fault: { kind: "hold", until: renewed.promise } });
    const command = scene.start();
    while (proxy.count("get-blob") === 0) await sleep(5);
    await replaceListing(setup);
    renewed.resolve();
    const { code, stdout } = await command.done;
    expect(stdout).toContain("Completed.");
    expect(code).toBe(0);
    await expectInTarget(scene, files);
    await expectAnnouncedOnce(scene, files);
  });
});
