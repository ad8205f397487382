import { randomUUID } from "node:crypto";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { readFile } from "node:fs/promises";
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Simulator, startSimulator, whyNoSimulator } from "../../bench/simulator/start.ts";
import { type Address, type Answer, CONVERSATIONS, Talk } from "./conversations.ts";
import { ourStory } from "./our-story.ts";
import { sdkStory } from "./sdk-story.ts";

const missing = await whyNoSimulator();

describe.skipIf(missing !== undefined)(
  `the storage simulator ${missing ?? "answers as the emulator does"}`,
  () => {
    let simulator: Simulator;

    beforeAll(async () => {
      simulator = await startSimulator({ tls: true, settings: { "check-md5": true } });
      const certificate = await readFile(simulator.tls?.certificatePath ?? "", "utf8");
      setDefaultCACertificates([...getCACertificates("default"), certificate]);
    });
    afterAll(() => simulator.stop());

    const overTls = (): NonNullable<Simulator["tls"]> => {
      if (simulator.tls === undefined) throw new Error("it was started without TLS");
      return simulator.tls;
    };

    it.each(Object.entries(CONVERSATIONS))("to raw HTTP about %s", async (_, converse) => {
      const heard = async (address: Address): Promise<Answer[]> => {
        const talk = new Talk(address, `t-${randomUUID()}`);
        await converse(talk);
        return talk.answers;
      };
      const emulator = await heard(signed(inject("emulator")));
      expect(await heard(signed(simulator))).toEqual(emulator);
      expect(await heard(signed(overTls()))).toEqual(emulator);
    });

    it("to the official SDK", async () => {
      const emulator = await sdkStory(inject("emulator").connectionString);
      expect(emulator.length).toBeGreaterThan(20);
      expect(await sdkStory(simulator.connectionString)).toEqual(emulator);
      expect(await sdkStory(overTls().connectionString)).toEqual(emulator);
    });

    it("to each of our own calls, with all that its success promises", async () => {
      const emulator = await ourStory(inject("emulator").connectionString);
      expect(emulator).toHaveLength(14);
      expect(await ourStory(simulator.connectionString)).toEqual(emulator);
      expect(await ourStory(overTls().connectionString)).toEqual(emulator);
    });
  },
);

function signed(endpoints: Omit<Address, "sas"> & { readonly connectionString: string }): Address {
  const part = (name: string): string =>
    new RegExp(`${name}=([^;]+)`).exec(endpoints.connectionString)?.[1] ?? "";
  const sas = generateAccountSASQueryParameters(
    {
      services: AccountSASServices.parse("bq").toString(),
      resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
      permissions: AccountSASPermissions.parse("rwdlacup"),
      protocol: SASProtocol.HttpsAndHttp,
      expiresOn: new Date(Date.now() + 3_600_000),
    },
    new StorageSharedKeyCredential(part("AccountName"), part("AccountKey")),
  );
  return { ...endpoints, sas: sas.toString() };
}
