import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { containerSas } from "../../../src/azure/calls/container-sas.ts";
import { SharedKey } from "../../../src/azure/wire/shared-key.ts";
import { Secret } from "../../../src/core/secret.ts";

const HOUR_MS = 3_600_000;
const cases = fc.record({
  accountName: fc.stringMatching(/^[a-z0-9]{3,24}$/),
  key: fc.base64String({ minLength: 4 }),
  containerName: fc.oneof(
    fc.stringMatching(/^[a-z0-9](-?[a-z0-9]){2,20}$/),
    fc.constantFrom("$root", "$web"),
  ),
  startsAt: fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2100, 0) }),
  lastsMs: fc.integer({ min: 1, max: 100 * HOUR_MS }),
  httpsOnly: fc.boolean(),
  rights: fc.constantFrom("r" as const, "cw" as const),
});

// That a service takes it is seen in source-links.test.ts.
it("a SAS of a container is the SDK's own, whatever the container and the time", () => {
  fc.assert(
    fc.property(cases, ({ accountName, key, containerName, startsAt, lastsMs, httpsOnly, rights }) => {
      const endsAt = startsAt + lastsMs;
      const bySdk = generateBlobSASQueryParameters(
        {
          containerName,
          permissions: ContainerSASPermissions.parse(rights),
          startsOn: new Date(startsAt),
          expiresOn: new Date(endsAt),
          protocol: httpsOnly ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
        },
        new StorageSharedKeyCredential(accountName, key),
      ).toString();
      const signer = new SharedKey(accountName, new Secret(key));
      expect(containerSas(signer, { containerName, rights, startsAt, endsAt, httpsOnly })).toBe(bySdk);
    }),
    { numRuns: 200 },
  );
});
