/** The version of the services' interface, in requests and SAS; the SDK that lists blobs uses the same. */
export const SERVICE_VERSION = "2026-04-06";
