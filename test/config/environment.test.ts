import { describe, expect, it } from "vitest";
import { trimEnvironment } from "../../src/config/environment.ts";

describe("the environment's values", () => {
  it("lose the blanks and line ends around them, whoever reads them", () => {
    const env: Record<string, string | undefined> = {
      REUPLOAD_SOURCE_SAS: "sv=1&sig=x\n",
      REUPLOAD_QUEUE: " q-1 ",
      AZURE_STORAGE_CONNECTION_STRING: "\tUseDevelopmentStorage=true\r\n",
      AZURE_STORAGE_KEY: " \n",
      AZURE_CLIENT_SECRET: "a secret\n",
      https_proxy: "http://proxy:1\n",
      NO_PROXY: " a, b ",
      OTHER: " as it is ",
      REUPLOAD_CSV: undefined,
    };
    expect(trimEnvironment(env)).toBe(env);
    expect(env).toEqual({
      REUPLOAD_SOURCE_SAS: "sv=1&sig=x",
      REUPLOAD_QUEUE: "q-1",
      AZURE_STORAGE_CONNECTION_STRING: "UseDevelopmentStorage=true",
      AZURE_STORAGE_KEY: "",
      AZURE_CLIENT_SECRET: "a secret",
      https_proxy: "http://proxy:1",
      NO_PROXY: "a, b",
      OTHER: " as it is ",
      REUPLOAD_CSV: undefined,
    });
  });
});
