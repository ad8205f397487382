/** Links whose times are not now. */
import { BlobSASPermissions } from "@azure/storage-blob";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { thrownBy } from "../azure/support.ts";
import { emulator } from "../support/azurite.ts";
import { Bench, content, md5Of } from "./support.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.proxy.stop());
beforeEach(() => bench.reset());

const body = content(100);

/** A link to a blob that is there, for a time that is told in ms from now. */
async function linkFrom(startsIn: number, endsIn: number): Promise<string> {
  await bench.put("a", body);
  return emulator(bench.proxy.connectionString)
    .container(bench.source.containerName)
    .getBlobClient("a")
    .generateSasUrl({
      permissions: BlobSASPermissions.parse("r"),
      startsOn: new Date(Date.now() + startsIn),
      expiresOn: new Date(Date.now() + endsIn),
    });
}

describe.each(["stream", "auto"] as const)("a link, by --transfer %s,", (mode) => {
  const transfer = async (uri: string) => bench.transfer({ fileName: "a", uri }, { settings: { mode } });

  it("that begins in some seconds is waited for", async () => {
    expect(await transfer(await linkFrom(3_000, 60_000))).toMatchObject({ outcome: "copied" });
    expect((await bench.found()).get("a")?.md5).toBe(md5Of(body));
    expect(bench.proxy.count("get-blob")).toBe(2);
  });

  it("that begins much later says so, and when", async () => {
    const failure = await thrownBy(transfer(await linkFrom(3_600_000, 7_200_000)));
    expect(failure).toMatchObject({ code: "source-forbidden" });
    expect(String(failure)).toMatch(/the link's SAS becomes valid at \d{4}-.*Z \(st\), in 60 min/);
    expect(String(failure)).not.toContain("ended");
  });

  it("that has ended says when", async () => {
    const failure = await thrownBy(transfer(await linkFrom(-7_200_000, -600_000)));
    expect(failure).toMatchObject({ code: "source-forbidden" });
    expect(String(failure)).toMatch(/the link's SAS expired at \d{4}-.*Z \(se\), 10 min ago/);
  });
});

it("the service's words about a link's time count, whichever clock is wrong", async () => {
  const uri = await linkFrom(-60_000, 60_000);
  const date = new Date(Date.now() + 3_600_000).toUTCString();
  const fault = {
    kind: "answer",
    status: 403,
    errorCode: "AuthenticationFailed",
    headers: { date },
  } as const;
  bench.proxy.fail({ fault, operation: "get-blob" });
  expect(String(await thrownBy(bench.transfer({ fileName: "a", uri })))).toMatch(
    /SAS expired at .* 59 min ago/,
  );
});

it("a server copy whose link begins in some seconds is asked for again, and its account not given up", async () => {
  const uri = await linkFrom(2_000, 60_000);
  const fault = { kind: "answer", status: 403, errorCode: "CannotVerifyCopySource" } as const;
  bench.proxy.fail({ fault, operation: "put-blob-from-url", times: 1 });
  await bench.transfer({ fileName: "a", uri }, { settings: { mode: "auto" } });
  expect(bench.proxy.count("put-blob-from-url")).toBe(2);
});
