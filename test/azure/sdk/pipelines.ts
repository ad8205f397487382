import {
  AnonymousCredential,
  newPipeline,
  type Pipeline,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { AccountCredential } from "../../../src/azure/account.ts";
import { bearerPolicy } from "./bearer-policy.ts";

/**
 * Retries off: `Attempts` is the one place that retries. The SDK's own never retry 429, ignore Retry-After, and
 * their try timeout does not end a hung socket.
 */
const OPTIONS = {
  retryOptions: { maxTries: 1 },
  userAgentOptions: { userAgentPrefix: "reupload" },
} as const;

/** One SDK pipeline a credential, made once: making it is dear, a client on it is cheap. */
export function blobPipeline(credential: AccountCredential | "anonymous"): Pipeline {
  if (credential === "anonymous" || credential.kind === "sas") {
    return newPipeline(new AnonymousCredential(), OPTIONS);
  }
  if (credential.kind === "token") {
    const pipeline = newPipeline(new AnonymousCredential(), OPTIONS);
    pipeline.factories.unshift(bearerPolicy(credential.signIn));
    return pipeline;
  }
  return newPipeline(
    new StorageSharedKeyCredential(credential.accountName, credential.key.reveal()),
    OPTIONS,
  );
}
