import { createHmac } from "node:crypto";
import { assert, oneof, property, string, uint8Array } from "fast-check";
import { expect, it } from "vitest";
import { HmacSha256 } from "../../../src/azure/wire/hmac.ts";

it("signs with any key and text as Node's own HMAC does", () => {
  const text = oneof(
    string({ unit: "binary" }),
    string({ unit: "binary", minLength: 2_600, maxLength: 2_900 }),
  );
  assert(
    property(uint8Array({ maxLength: 130 }), text, text, (bytes, one, other) => {
      const key = Buffer.from(bytes);
      const hmac = new HmacSha256(key);
      // Nothing of a longer text is left for the next one.
      for (const each of [one, other, ""]) {
        expect(hmac.sign(each)).toBe(createHmac("sha256", key).update(each).digest("base64"));
      }
    }),
  );
});
