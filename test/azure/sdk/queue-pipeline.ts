import {
  AnonymousCredential,
  newPipeline,
  type Pipeline,
  StorageSharedKeyCredential,
} from "@azure/storage-queue";
import type { AccountCredential } from "../../../src/azure/account.ts";
import { bearerPolicy } from "./bearer-policy.ts";

const OPTIONS = { retryOptions: { maxTries: 1 } };

/** As `blobPipeline`, for queues. */
export function queuePipeline(credential: AccountCredential): Pipeline {
  if (credential.kind === "shared-key") {
    const { accountName, key } = credential;
    return newPipeline(new StorageSharedKeyCredential(accountName, key.reveal()), OPTIONS);
  }
  const pipeline = newPipeline(new AnonymousCredential(), OPTIONS);
  if (credential.kind === "token") pipeline.factories.unshift(bearerPolicy(credential.signIn));
  return pipeline;
}
