import type { FailureCode } from "./failure.ts";

/**
 * What a published error code of the Blob or Queue service becomes:
 *
 * - `retry`      it may pass: tried again, then `network`
 * - `throttled`  the service asks to slow down: waited for and tried again, then `throttled`
 * - `renew`      the token is renewed once; refused again, it is the rights' trouble
 * - `exists`     the name is taken: the blob that is there is compared
 * - `rights`     the account refuses this sign-in or key: waited for as an outage of the target, else `...-forbidden`
 * - `gone`       the container or queue is not there: waited for as an outage of the target, else `...-forbidden`
 * - any other    the failure of the file
 *
 * A wrong clock is told by the service's words, not by a code of its own (`azure/wire/clock-trouble.ts`).
 */
export type Becomes = FailureCode | "retry" | "throttled" | "renew" | "exists" | "rights" | "gone";

/** HTTP status as published; what it becomes on a call to the target (or its queue), and on a read of a source. */
type Row = readonly [status: number, target: Becomes, source: Becomes];

/**
 * The published codes: https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes,
 * .../blob-service-error-codes and .../queue-service-error-codes. `internal` stands for requests that we must not make.
 */
export const SERVICE_CODES = {
  // Common to all storage services.
  AccountAlreadyExists: [409, "internal", "internal"],
  AccountBeingCreated: [409, "retry", "retry"],
  AccountIsDisabled: [403, "rights", "source-forbidden"],
  AccountRequiresHttps: [400, "rights", "source-forbidden"],
  AuthenticationFailed: [403, "rights", "source-forbidden"],
  AuthorizationFailure: [403, "rights", "source-forbidden"],
  AuthorizationPermissionMismatch: [403, "rights", "source-forbidden"],
  AuthorizationProtocolMismatch: [403, "rights", "source-forbidden"],
  AuthorizationResourceTypeMismatch: [403, "rights", "source-forbidden"],
  AuthorizationServiceMismatch: [403, "rights", "source-forbidden"],
  AuthorizationSourceIPMismatch: [403, "rights", "source-forbidden"],
  ConditionHeadersNotSupported: [400, "internal", "internal"],
  ConditionNotMet: [412, "exists", "source-changed"],
  EmptyMetadataKey: [400, "internal", "internal"],
  FeatureVersionMismatch: [409, "conflict", "source-forbidden"],
  InsufficientAccountPermissions: [403, "rights", "source-forbidden"],
  InternalError: [500, "retry", "retry"],
  InvalidAuthenticationInfo: [401, "renew", "source-forbidden"],
  InvalidHeaderValue: [400, "internal", "internal"],
  InvalidHttpVerb: [400, "internal", "internal"],
  InvalidInput: [400, "internal", "internal"],
  InvalidMd5: [400, "internal", "internal"],
  InvalidMetadata: [400, "internal", "internal"],
  InvalidQueryParameterValue: [400, "internal", "source-forbidden"],
  InvalidRange: [416, "internal", "source-changed"],
  InvalidResourceName: [400, "bad-name", "source-not-found"],
  InvalidUri: [400, "bad-name", "source-not-found"],
  InvalidXmlDocument: [400, "internal", "internal"],
  InvalidXmlNodeValue: [400, "internal", "internal"],
  KeyBasedAuthenticationNotPermitted: [403, "rights", "source-forbidden"],
  KeyVaultAccessTokenCannotBeAcquired: [403, "rights", "source-forbidden"],
  KeyVaultEncryptionKeyNotFound: [403, "rights", "source-forbidden"],
  KeyVaultVaultNotFound: [403, "rights", "source-forbidden"],
  Md5Mismatch: [400, "integrity-mismatch", "integrity-mismatch"],
  MetadataTooLarge: [400, "too-large", "internal"],
  MissingContentLengthHeader: [411, "internal", "internal"],
  MissingRequiredHeader: [400, "internal", "internal"],
  MissingRequiredQueryParameter: [400, "internal", "source-forbidden"],
  MissingRequiredXmlNode: [400, "internal", "internal"],
  MultipleConditionHeadersNotSupported: [400, "internal", "internal"],
  NoAuthenticationInformation: [401, "renew", "source-forbidden"],
  OperationTimedOut: [500, "retry", "retry"],
  OutOfRangeInput: [400, "bad-name", "source-not-found"],
  OutOfRangeQueryParameterValue: [400, "internal", "internal"],
  PublicAccessNotPermitted: [409, "rights", "source-forbidden"],
  RequestBodyTooLarge: [413, "too-large", "internal"],
  RequestUrlFailedToParse: [400, "bad-name", "source-not-found"],
  ResourceAlreadyExists: [409, "exists", "internal"],
  ResourceNotFound: [404, "gone", "source-not-found"],
  ResourceTypeMismatch: [409, "conflict", "source-not-found"],
  ServerBusy: [503, "throttled", "throttled"],
  TlsVersionNotPermitted: [400, "rights", "source-forbidden"],
  TooManyRequests: [429, "throttled", "throttled"],
  UnsupportedHeader: [400, "internal", "internal"],
  UnsupportedHttpVerb: [405, "internal", "internal"],
  UnsupportedQueryParameter: [400, "internal", "internal"],
  UnsupportedXmlNode: [400, "internal", "internal"],

  // Of blobs.
  AppendPositionConditionNotMet: [412, "conflict", "source-changed"],
  BlobAccessTierNotSupportedForAccountType: [400, "target-forbidden", "internal"],
  BlobAlreadyExists: [409, "exists", "internal"],
  BlobArchived: [409, "source-archived", "source-archived"],
  BlobBeingRehydrated: [409, "source-archived", "source-archived"],
  BlobImmutableDueToLegalHold: [409, "target-locked", "source-forbidden"],
  BlobImmutableDueToPolicy: [409, "target-locked", "source-forbidden"],
  BlobModifiedWhileReading: [409, "source-changed", "source-changed"],
  BlobNotArchived: [409, "internal", "internal"],
  BlobNotFound: [404, "source-not-found", "source-not-found"],
  BlobOperationNotSupported: [409, "conflict", "source-forbidden"],
  BlobOverwritten: [409, "conflict", "source-changed"],
  BlobTierInadequateForContentLength: [409, "too-large", "internal"],
  BlobUsesCustomerSpecifiedEncryption: [409, "target-locked", "source-forbidden"],
  BlockCountExceedsLimit: [409, "too-large", "internal"],
  BlockListTooLong: [400, "too-large", "internal"],
  CannotChangeToLowerTier: [409, "internal", "internal"],
  CannotVerifyCopySource: [500, "source-forbidden", "source-forbidden"],
  ContainerAlreadyExists: [409, "exists", "internal"],
  ContainerBeingDeleted: [409, "gone", "source-not-found"],
  ContainerDisabled: [409, "target-locked", "source-forbidden"],
  ContainerNotFound: [404, "gone", "source-not-found"],
  ContentLengthLargerThanTierLimit: [409, "too-large", "internal"],
  CopyAcrossAccountsNotSupported: [400, "source-forbidden", "internal"],
  CopyIdMismatch: [409, "internal", "internal"],
  IncrementalCopyBlobMismatch: [409, "conflict", "internal"],
  IncrementalCopyOfEarlierSnapshotNotAllowed: [409, "internal", "internal"],
  IncrementalCopyOfEarlierVersionSnapshotNotAllowed: [409, "internal", "internal"],
  IncrementalCopySourceMustBeSnapshot: [409, "internal", "internal"],
  InfiniteLeaseDurationRequired: [412, "target-locked", "internal"],
  InvalidBlobOrBlock: [400, "conflict", "internal"],
  InvalidBlobTier: [400, "target-forbidden", "internal"],
  InvalidBlobType: [409, "conflict", "source-forbidden"],
  InvalidBlockId: [400, "internal", "internal"],
  InvalidBlockList: [400, "conflict", "internal"],
  InvalidOperation: [400, "internal", "source-forbidden"],
  InvalidPageRange: [416, "internal", "source-changed"],
  InvalidSourceBlobType: [409, "source-forbidden", "internal"],
  InvalidSourceBlobUrl: [409, "source-forbidden", "internal"],
  InvalidVersionForPageBlobOperation: [400, "internal", "internal"],
  LeaseAlreadyBroken: [409, "target-locked", "internal"],
  LeaseAlreadyPresent: [409, "target-locked", "internal"],
  LeaseIdMismatchWithBlobOperation: [412, "target-locked", "source-forbidden"],
  LeaseIdMismatchWithContainerOperation: [412, "target-locked", "source-forbidden"],
  LeaseIdMismatchWithLeaseOperation: [409, "target-locked", "internal"],
  LeaseIdMissing: [412, "target-locked", "source-forbidden"],
  LeaseIsBreakingAndCannotBeAcquired: [409, "target-locked", "internal"],
  LeaseIsBreakingAndCannotBeChanged: [409, "target-locked", "internal"],
  LeaseIsBrokenAndCannotBeRenewed: [409, "target-locked", "internal"],
  LeaseLost: [412, "target-locked", "internal"],
  LeaseNotPresentWithBlobOperation: [412, "target-locked", "internal"],
  LeaseNotPresentWithContainerOperation: [412, "target-locked", "internal"],
  LeaseNotPresentWithLeaseOperation: [409, "target-locked", "internal"],
  MaxBlobSizeConditionNotMet: [412, "too-large", "internal"],
  NoPendingCopyOperation: [409, "internal", "internal"],
  OperationNotAllowedOnIncrementalCopyBlob: [409, "conflict", "source-forbidden"],
  PendingCopyOperation: [409, "retry", "retry"],
  PreviousSnapshotCannotBeNewer: [400, "internal", "internal"],
  PreviousSnapshotNotFound: [409, "internal", "internal"],
  PreviousSnapshotOperationNotSupported: [409, "internal", "internal"],
  SequenceNumberConditionNotMet: [412, "conflict", "internal"],
  SequenceNumberIncrementTooLarge: [409, "internal", "internal"],
  SnapshotCountExceeded: [409, "target-locked", "internal"],
  SnapshotOperationRateExceeded: [409, "retry", "retry"],
  SnapshotsPresent: [409, "target-locked", "internal"],
  SourceConditionNotMet: [412, "source-changed", "source-changed"],
  SystemInUse: [409, "target-locked", "source-forbidden"],
  TargetConditionNotMet: [412, "exists", "internal"],
  UnauthorizedBlobOverwrite: [403, "target-forbidden", "internal"],

  // Of queues; a file is `queue-unavailable` whatever its announcement was answered.
  InvalidMarker: [400, "internal", "internal"],
  MessageNotFound: [404, "internal", "internal"],
  MessageTooLarge: [400, "queue-unavailable", "internal"],
  PopReceiptMismatch: [400, "internal", "internal"],
  QueueAlreadyExists: [409, "exists", "internal"],
  QueueBeingDeleted: [409, "gone", "internal"],
  QueueDisabled: [409, "queue-unavailable", "internal"],
  QueueNotEmpty: [409, "internal", "internal"],
  QueueNotFound: [404, "gone", "internal"],
} as const satisfies Record<string, Row>;

const ROWS: Readonly<Record<string, Row | undefined>> = SERVICE_CODES;

/** What the code becomes on a call to the target or its queue; undefined for one that is not known here. */
export function atTarget(errorCode: string | undefined): Becomes | undefined {
  return findRow(errorCode)?.[1];
}

/** What the code becomes on a read of a source; undefined for one that is not known here. */
export function atSource(errorCode: string | undefined): Becomes | undefined {
  return findRow(errorCode)?.[2];
}

/** The same request may be answered otherwise later, whatever the status says. */
export function isPassing(errorCode: string | undefined): boolean {
  return atTarget(errorCode) === "retry";
}

function findRow(errorCode: string | undefined): Row | undefined {
  // The code comes from outside: `toString` must find nothing.
  return errorCode !== undefined && Object.hasOwn(ROWS, errorCode) ? ROWS[errorCode] : undefined;
}
