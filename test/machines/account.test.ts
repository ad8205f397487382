import { emulator } from "../support/azurite.ts";
import { describeCoordinationAccount } from "./account-contract.ts";
import { MemoryAccount } from "./memory-account.ts";
import { SdkAccount } from "./sdk-account.ts";

describeCoordinationAccount("in memory", async () => {
  let now = Date.UTC(2026, 0, 1);
  const account = new MemoryAccount(() => now);
  return {
    account,
    pass: async (seconds) => void (now += seconds * 1000),
    breakLease: async (name) => account.breakLease(name),
  };
});

describeCoordinationAccount("the emulator", async () => {
  const container = await emulator().newContainer();
  return {
    account: new SdkAccount(container),
    pass: async (seconds) => new Promise((resolve) => void setTimeout(resolve, seconds * 1000)),
    breakLease: async (name) => void (await container.getBlobClient(name).getBlobLeaseClient().breakLease(0)),
  };
});
