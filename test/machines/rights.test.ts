import { describe, expect, it } from "vitest";
import { CoordinationRefusal } from "../../src/machines/coordination-account.ts";
import { explainRefusal } from "../../src/machines/rights.ts";

const place = { blobEndpoint: "https://acct.blob.core.windows.net", container: "reupload-coordination" };
const refusal = (status: number, code: string) =>
  new CoordinationRefusal("write", { status, code, date: 0, requestId: "r1" });

describe("what stands in the way of coordination", () => {
  it("is a missing container: the advice has the command that creates it, for the account's name", () => {
    const explained = explainRefusal(refusal(404, "ContainerNotFound"), place);
    expect(explained).toMatchObject({
      code: "coordination-missing",
      advice: expect.stringContaining(
        "az storage container create --auth-mode login --account-name acct --name reupload-coordination",
      ) as string,
    });
  });

  it.each([
    [403, "AuthorizationPermissionMismatch"],
    [409, "BlobImmutableDueToPolicy"],
  ])("is no right (HTTP %i %s): the advice names the role, and the message the request", (status, code) => {
    expect(explainRefusal(refusal(status, code), place)).toMatchObject({
      code: "coordination-forbidden",
      message: expect.stringContaining(`HTTP ${status} ${code}, request id r1`) as string,
      advice: expect.stringMatching(
        /^With a sign-in, assign the role: .*Storage Blob Data Contributor.*A SAS must be.*where it does not, create it: .*--no-coordination/,
      ) as string,
    });
  });

  it("names the emulator's account by its path", () => {
    const emulator = { ...place, blobEndpoint: "http://127.0.0.1:10000/devstoreaccount1" };
    expect(explainRefusal(refusal(404, "ContainerNotFound"), emulator)).toMatchObject({
      advice: expect.stringContaining("--account-name devstoreaccount1") as string,
    });
  });

  it("is nothing else: other answers and errors stay as they are", () => {
    const busy = refusal(503, "ServerBusy");
    const error = new Error("no answer");
    expect(explainRefusal(busy, place)).toBe(busy);
    expect(explainRefusal(error, place)).toBe(error);
  });
});
