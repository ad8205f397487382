/** What names the target account: an option, and secrets of the environment. */
import type { AccountInput } from "../azure/account.ts";
import type { Environment } from "../config/config.ts";
import { Secret } from "../core/secret.ts";

/** @param target `--target` */
export function accountInput(target: string | undefined, env: Environment): AccountInput {
  const secret = (name: string) => {
    const value = env[name];
    return value === undefined || value === "" ? undefined : new Secret(value);
  };
  return {
    target,
    connectionString: secret("AZURE_STORAGE_CONNECTION_STRING"),
    key: secret("AZURE_STORAGE_KEY"),
    sasToken: secret("AZURE_STORAGE_SAS_TOKEN"),
  };
}

/** The variable that `nameAccount` takes the credential from; undefined: none of them is set. */
export function credentialVariable({ connectionString, key, sasToken }: AccountInput): string | undefined {
  if (connectionString !== undefined) return "AZURE_STORAGE_CONNECTION_STRING";
  if (key !== undefined) return "AZURE_STORAGE_KEY";
  return sasToken === undefined ? undefined : "AZURE_STORAGE_SAS_TOKEN";
}
