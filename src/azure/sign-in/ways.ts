/** The ways to sign in without a person, each a credential of @azure/identity with its advice. */
import { IdentitySource } from "./identity-source.ts";
import type { TokenSource } from "./token-source.ts";

/** `az` itself may hang; it is ended before the source's own limit. */
const AZ_LIMIT_MS = 45_000;

/** The environment's variables, as far as sign-in reads them. */
export type SignInVariables = Readonly<Record<string, string | undefined>>;

/** `az login`, with the tenant when one is given. */
export function loginCommand(tenant: string | undefined): string {
  return `run \`az login${tenant === undefined ? "" : ` --tenant ${tenant}`}\``;
}

/** Who is signed in with the Azure CLI. */
export function cliSource(tenant: string | undefined): TokenSource {
  const login = loginCommand(tenant);
  return new IdentitySource({
    name: "az",
    advice: (said = "") => {
      if (said.includes("could not be found")) {
        return `install the Azure CLI (https://aka.ms/azure-cli), then ${login}`;
      }
      // What it wants beside a plain login (a scope, claims), it says itself.
      const wanted = /az login(?: --[a-z-]+ "?[^\s"]+"?)+/.exec(said)?.[0];
      return wanted === undefined ? login : `run \`${wanted}\``;
    },
    make: async () => {
      const { AzureCliCredential } = await import("@azure/identity");
      return new AzureCliCredential({
        processTimeoutInMs: AZ_LIMIT_MS,
        ...(tenant === undefined ? {} : { tenantId: tenant }),
      });
    },
  });
}

/** What the environment must hold for an application's sign-in. */
export const ENVIRONMENT_ADVICE =
  "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH)";

/** An application, by its secret or certificate. */
export function applicationSource(): TokenSource {
  return new IdentitySource({
    name: "environment",
    advice: () =>
      "check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret or certificate, which may have expired",
    make: async () => {
      const { EnvironmentCredential } = await import("@azure/identity");
      return new EnvironmentCredential();
    },
  });
}

/** Whether the environment holds a whole application sign-in. */
export function hasApplication(env: SignInVariables): boolean {
  const has = (name: string): boolean => env[name] !== undefined && env[name] !== "";
  if (!has("AZURE_TENANT_ID") || !has("AZURE_CLIENT_ID")) return false;
  return has("AZURE_CLIENT_SECRET") || has("AZURE_CLIENT_CERTIFICATE_PATH") || has("AZURE_PASSWORD");
}

/** A workload of Kubernetes, by the token file that is mounted for it. */
export function workloadSource(tenant: string | undefined): TokenSource {
  return new IdentitySource({
    name: "workload identity",
    advice: () => "check AZURE_TENANT_ID, AZURE_CLIENT_ID and the file that AZURE_FEDERATED_TOKEN_FILE names",
    make: async () => {
      const { WorkloadIdentityCredential } = await import("@azure/identity");
      return new WorkloadIdentityCredential(tenant === undefined ? {} : { tenantId: tenant });
    },
  });
}

/** Whether Kubernetes has mounted a token file. */
export function hasWorkload(env: SignInVariables): boolean {
  return (env["AZURE_FEDERATED_TOKEN_FILE"] ?? "") !== "";
}

/** The identity of the machine; AZURE_CLIENT_ID picks one of several. */
export function managedIdentitySource(env: SignInVariables): TokenSource {
  return new IdentitySource({
    name: "managed identity",
    advice: () =>
      "give this machine a managed identity (set AZURE_CLIENT_ID for a user-assigned one), or use another --auth",
    make: async () => {
      const { ManagedIdentityCredential } = await import("@azure/identity");
      const clientId = env["AZURE_CLIENT_ID"];
      // Off Azure, the library's first request would hang for minutes; this makes it look first, as its own chain does.
      const looksFirst = { sendProbeRequest: true, retryOptions: { maxRetries: 2 } };
      return new ManagedIdentityCredential(
        clientId === undefined || clientId === "" ? looksFirst : { ...looksFirst, clientId },
      );
    },
  });
}
