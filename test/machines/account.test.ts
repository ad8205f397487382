import { emulator } from "../support/azurite.ts";
import { describeCoordinationAccount } from "./account-contract.ts";
import { MemoryAccount } from "./memory-account.ts";
import { parseConnectionString } from "../../src/azure/account.ts";
import { Secret } from "../../src/core/secret.ts";
import { RestAccount } from "../../src/machines/rest-account.ts";
import { restTo } from "../azure/support.ts";

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
  const storage = emulator();
  const container = await storage.newContainer();
  const client = restTo(parseConnectionString(new Secret(storage.connectionString)));
  return {
    account: new RestAccount(client, container.containerName),
    pass: async (seconds) => new Promise((resolve) => void setTimeout(resolve, seconds * 1000)),
    breakLease: async (name) => void (await container.getBlobClient(name).getBlobLeaseClient().breakLease(0)),
  };
});
