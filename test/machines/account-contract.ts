/** How a coordination account behaves; the same cases for the emulator and for the account in memory. */
import { randomUUID } from "node:crypto";
import { describe, it } from "vitest";
import { type CoordinationAccount, CoordinationRefusal } from "../../src/machines/coordination-account.ts";

export interface AccountUnderTest {
  readonly account: CoordinationAccount;
  /** Lets so many seconds of the service's time pass. */
  readonly pass: (seconds: number) => Promise<void>;
  readonly breakLease: (name: string) => Promise<void>;
}

const options = { signal: new AbortController().signal };
const text = (body: string) => ({ body: Buffer.from(body) });

export function describeCoordinationAccount(kind: string, open: () => Promise<AccountUnderTest>): void {
  describe.concurrent(`the coordination account (${kind})`, () => {
    const refusal = async (work: Promise<unknown>): Promise<string> => {
      const thrown = await work.then(
        () => "accepted",
        (error: unknown) => error,
      );
      if (thrown instanceof CoordinationRefusal) return `${thrown.status} ${thrown.code}`;
      return thrown === "accepted" ? "accepted" : `no refusal: ${String(thrown)}`;
    };

    const scene = async () => {
      const under = await open();
      const name = `n/${randomUUID()}`;
      const [a, b] = [randomUUID(), randomUUID()] as const;
      const { account } = under;
      const leased = async (seconds = 60) => {
        const { etag } = await account.write(name, text("one"), {}, options);
        await account.acquire(name, a, seconds, options);
        return etag;
      };
      return { ...under, name, a, b, leased };
    };

    it("gives back what was written, with its metadata", async ({ expect: check }) => {
      const { account, name } = await scene();
      check(await account.read(name, options)).toBeUndefined();
      const metadata = { host: "h%C3%A9", epoch: "3" };
      const { etag } = await account.write(name, { ...text("one"), metadata }, { ifNoneMatch: "*" }, options);
      const blob = await account.read(name, options);
      check(blob).toMatchObject({ name, etag, metadata, lease: "available" });
      check(Buffer.from(blob?.body ?? []).toString()).toBe("one");
      check(Math.abs((blob?.date ?? 0) - (blob?.lastModified ?? 0))).toBeLessThan(5_000);
    });

    it("makes a blob once", async ({ expect: check }) => {
      const { account, name } = await scene();
      const make = async () => account.write(name, text("x"), { ifNoneMatch: "*" }, options);
      await make();
      check(await refusal(make())).toBe("409 BlobAlreadyExists");
    });

    it("writes only over the ETag that was read", async ({ expect: check }) => {
      const { account, name } = await scene();
      const { etag } = await account.write(name, text("one"), {}, options);
      await account.write(name, text("two"), { ifMatch: etag }, options);
      check(await refusal(account.write(name, text("three"), { ifMatch: etag }, options))).toBe(
        "412 ConditionNotMet",
      );
    });

    it("lists by prefix with metadata and leases, in the order of names", async ({ expect: check }) => {
      const { account, name, a } = await scene();
      for (const part of ["/2", "/1", "/3"]) {
        await account.write(name + part, { ...text(part), metadata: { part: part.slice(1) } }, {}, options);
      }
      await account.acquire(`${name}/2`, a, 60, options);
      const { blobs } = await account.list(`${name}/`, options);
      check(
        blobs.map(({ name: found, metadata, lease }) => [found.slice(name.length), metadata["part"], lease]),
      ).toEqual([
        ["/1", "1", "available"],
        ["/2", "2", "leased"],
        ["/3", "3", "available"],
      ]);
      check(await account.list(`${name}/none`, options)).toMatchObject({ blobs: [] });
    });

    it("gives a lease to one, and again to the same id", async ({ expect: check }) => {
      const { account, name, a, b, leased } = await scene();
      await leased();
      check(await refusal(account.acquire(name, b, 60, options))).toBe("409 LeaseAlreadyPresent");
      check(await refusal(account.acquire(name, a, 60, options))).toBe("accepted");
      check(await refusal(account.renew(name, a, options))).toBe("accepted");
      check(await refusal(account.renew(name, b, options))).toBe("409 LeaseIdMismatchWithLeaseOperation");
      check(await refusal(account.release(name, b, options))).toBe("409 LeaseIdMismatchWithLeaseOperation");
      await account.release(name, a, options);
      check(await refusal(account.acquire(name, b, 60, options))).toBe("accepted");
      check(await refusal(account.renew(name, a, options))).toBe("409 LeaseIdMismatchWithLeaseOperation");
    });

    it("leaves the ETag alone when a lease changes", async ({ expect: check }) => {
      const { account, name, a, leased } = await scene();
      const etag = await leased();
      await account.renew(name, a, options);
      check(await account.read(name, options)).toMatchObject({ etag, lease: "leased" });
      await account.release(name, a, options);
      check(await account.read(name, options)).toMatchObject({ etag, lease: "available" });
    });

    it("lets nobody write to a leased blob without its lease", async ({ expect: check }) => {
      const { account, name, a, b, leased } = await scene();
      await leased();
      check(await refusal(account.write(name, text("x"), {}, options))).toBe("412 LeaseIdMissing");
      check(await refusal(account.write(name, text("x"), { leaseId: b }, options))).toBe(
        "412 LeaseIdMismatchWithBlobOperation",
      );
      check(await refusal(account.write(name, text("x"), { leaseId: a }, options))).toBe("accepted");
    });

    it("refuses a write with a lease that was released", async ({ expect: check }) => {
      const { account, name, a, leased } = await scene();
      await leased();
      await account.release(name, a, options);
      check(await refusal(account.write(name, text("x"), { leaseId: a }, options))).toMatch(/^412 Lease/);
    });

    it("renews an expired lease while nobody took or wrote the blob", async ({ expect: check }) => {
      const { account, name, a, pass, leased } = await scene();
      await leased(15);
      await pass(17);
      check(await account.read(name, options)).toMatchObject({ lease: "expired" });
      check(await refusal(account.write(name, text("x"), { leaseId: a }, options))).toMatch(/^412 Lease/);
      check(await refusal(account.renew(name, a, options))).toBe("accepted");
      check(await refusal(account.write(name, text("x"), { leaseId: a }, options))).toBe("accepted");
    });

    it("gives an expired lease to another, and never back to the first", async ({ expect: check }) => {
      const { account, name, a, b, pass, leased } = await scene();
      await leased(15);
      await pass(17);
      await account.acquire(name, b, 60, options);
      check(await refusal(account.renew(name, a, options))).toBe("409 LeaseIdMismatchWithLeaseOperation");
      check(await refusal(account.write(name, text("x"), { leaseId: a }, options))).toBe(
        "412 LeaseIdMismatchWithBlobOperation",
      );
    });

    it("does not renew a lease that was broken", async ({ expect: check }) => {
      const { account, name, a, leased, breakLease } = await scene();
      await leased();
      await breakLease(name);
      check(await refusal(account.renew(name, a, options))).toBe("409 LeaseIsBrokenAndCannotBeRenewed");
    });

    it("has no lease for a blob that is not there", async ({ expect: check }) => {
      const { account, name, a } = await scene();
      check(await refusal(account.acquire(name, a, 60, options))).toBe("404 BlobNotFound");
      check(await refusal(account.renew(name, a, options))).toBe("404 BlobNotFound");
    });
  });
}
