import { describe, expect, it } from "vitest";
import { ServiceFailure } from "../../src/azure/wire/service-error.ts";
import { classifyAnswer } from "../../src/core/failure.ts";
import { type Becomes, SERVICE_CODES } from "../../src/core/service-codes.ts";
import { sourceFailure, targetFailure } from "../../src/transfer/failures.ts";

/** As the services' documentation lists them: common, of blobs, of queues. */
const PUBLISHED = `
AccountAlreadyExists AccountBeingCreated AccountIsDisabled AuthenticationFailed AuthorizationFailure
ConditionHeadersNotSupported ConditionNotMet EmptyMetadataKey InsufficientAccountPermissions InternalError
InvalidAuthenticationInfo InvalidHeaderValue InvalidHttpVerb InvalidInput InvalidMd5 InvalidMetadata
InvalidQueryParameterValue InvalidRange InvalidResourceName InvalidUri InvalidXmlDocument InvalidXmlNodeValue Md5Mismatch
MetadataTooLarge MissingContentLengthHeader MissingRequiredQueryParameter MissingRequiredHeader MissingRequiredXmlNode
MultipleConditionHeadersNotSupported OperationTimedOut OutOfRangeInput OutOfRangeQueryParameterValue RequestBodyTooLarge
ResourceTypeMismatch RequestUrlFailedToParse ResourceAlreadyExists ResourceNotFound ServerBusy UnsupportedHeader
UnsupportedXmlNode UnsupportedQueryParameter UnsupportedHttpVerb AuthorizationSourceIPMismatch
AuthorizationProtocolMismatch AuthorizationPermissionMismatch AuthorizationServiceMismatch
AuthorizationResourceTypeMismatch NoAuthenticationInformation FeatureVersionMismatch KeyVaultAccessTokenCannotBeAcquired
KeyVaultEncryptionKeyNotFound KeyVaultVaultNotFound

AppendPositionConditionNotMet BlobAlreadyExists BlobImmutableDueToLegalHold BlobImmutableDueToPolicy BlobNotFound
BlobOperationNotSupported BlobOverwritten BlobTierInadequateForContentLength BlobUsesCustomerSpecifiedEncryption
BlockCountExceedsLimit BlockListTooLong CannotChangeToLowerTier CannotVerifyCopySource ContainerAlreadyExists
ContainerBeingDeleted ContainerDisabled ContainerNotFound ContentLengthLargerThanTierLimit CopyAcrossAccountsNotSupported
CopyIdMismatch IncrementalCopyBlobMismatch IncrementalCopyOfEarlierSnapshotNotAllowed
IncrementalCopyOfEarlierVersionSnapshotNotAllowed IncrementalCopySourceMustBeSnapshot InfiniteLeaseDurationRequired
InvalidBlobOrBlock InvalidBlobTier InvalidBlobType InvalidBlockId InvalidBlockList InvalidOperation InvalidPageRange
InvalidSourceBlobType InvalidSourceBlobUrl InvalidVersionForPageBlobOperation LeaseAlreadyPresent LeaseAlreadyBroken
LeaseIdMismatchWithBlobOperation LeaseIdMismatchWithContainerOperation LeaseIdMismatchWithLeaseOperation LeaseIdMissing
LeaseIsBreakingAndCannotBeAcquired LeaseIsBreakingAndCannotBeChanged LeaseIsBrokenAndCannotBeRenewed LeaseLost
LeaseNotPresentWithBlobOperation LeaseNotPresentWithContainerOperation LeaseNotPresentWithLeaseOperation
MaxBlobSizeConditionNotMet NoPendingCopyOperation OperationNotAllowedOnIncrementalCopyBlob PendingCopyOperation
PreviousSnapshotCannotBeNewer PreviousSnapshotNotFound PreviousSnapshotOperationNotSupported SequenceNumberConditionNotMet
SequenceNumberIncrementTooLarge SnapshotCountExceeded SnapshotOperationRateExceeded SnapshotsPresent SourceConditionNotMet
SystemInUse TargetConditionNotMet UnauthorizedBlobOverwrite BlobBeingRehydrated BlobArchived BlobNotArchived
BlobAccessTierNotSupportedForAccountType

InvalidMarker MessageNotFound MessageTooLarge PopReceiptMismatch QueueAlreadyExists QueueBeingDeleted QueueDisabled
QueueNotEmpty QueueNotFound`
  .trim()
  .split(/\s+/);

/** Codes of a request that only a fault of ours can make. */
const OURS =
  /^(Invalid(HeaderValue|HttpVerb|Input|Md5|Metadata|QueryParameterValue|Range|Xml.*|BlobTier|BlockId|Operation|PageRange|VersionForPage.*|Marker)|Missing.*|Multiple.*|Unsupported.*|EmptyMetadataKey|ConditionHeadersNotSupported|OutOfRangeQueryParameterValue|AccountAlreadyExists|.*Tier.*|Copy.*Mismatch|Incremental(CopyOf|CopySource).*|NoPendingCopyOperation|PreviousSnapshot.*|SequenceNumberIncrementTooLarge|BlobNotArchived|MessageNotFound|PopReceiptMismatch|QueueNotEmpty)$/;

const CODES = Object.keys(SERVICE_CODES) as (keyof typeof SERVICE_CODES)[];
const failureWith = (status: number, errorCode: string): ServiceFailure =>
  new ServiceFailure("put blob", `HTTP ${status} ${errorCode}`, { status, errorCode });

/** What the file's failure is when that is what was answered to the end. */
const END: Partial<Record<Becomes, string>> = { retry: "network", exists: "conflict" };

describe("the services' error codes", () => {
  it("are all those that are published", () => {
    expect(CODES).toEqual(expect.arrayContaining(PUBLISHED));
  });

  it.each(CODES)("%s ends as the table says, and is tried again as it says", (code) => {
    const [status, target, source] = SERVICE_CODES[code] as readonly [number, Becomes, Becomes];
    const failure = failureWith(status, code);
    const isForbidden = ["rights", "gone", "renew"].includes(target);
    expect(targetFailure(failure).code).toBe(isForbidden ? "target-forbidden" : (END[target] ?? target));
    expect(sourceFailure(failure).code).toBe(END[source] ?? source);
    const verdicts: Partial<Record<Becomes, string>> = {
      retry: "retry",
      throttled: "throttled",
      renew: "renew",
    };
    const isTimedCopy = code === "CannotVerifyCopySource";
    expect(classifyAnswer(failure.answer)).toBe(isTimedCopy ? "retry" : (verdicts[target] ?? "answer"));
  });

  it("are never a fault of ours at the target, unless the request was", () => {
    const ours = CODES.filter((code) => SERVICE_CODES[code][1] === "internal");
    expect(ours.filter((code) => !OURS.test(code))).toEqual([]);
  });
});

describe("an answer whose code is not known", () => {
  it.each([
    [400, "internal", "source-forbidden"],
    [402, "target-forbidden", "source-forbidden"],
    [404, "target-forbidden", "source-not-found"],
    [409, "target-forbidden", "source-forbidden"],
    [410, "target-forbidden", "source-not-found"],
    [412, "conflict", "source-changed"],
    [413, "too-large", "source-forbidden"],
    [418, "target-forbidden", "source-forbidden"],
    [429, "throttled", "throttled"],
    [451, "target-forbidden", "source-forbidden"],
    [501, "target-forbidden", "source-forbidden"],
    [507, "network", "network"],
    [599, "network", "network"],
  ])("and whose status is %i is %s at the target and %s at a source", (status, target, source) => {
    for (const code of ["SomethingNew", "toString", "__proto__"]) {
      expect(targetFailure(failureWith(status, code)).code).toBe(target);
      expect(sourceFailure(failureWith(status, code)).code).toBe(source);
    }
  });

  it("that is not the service's, or that the clock is wrong, is no file's fault", () => {
    for (const answer of [{ intercepted: true }, { status: 403, clockIsWrong: true }]) {
      const failure = new ServiceFailure("put blob", "x", answer);
      expect([targetFailure(failure).code, sourceFailure(failure).code]).toEqual(["network", "network"]);
    }
  });
});
