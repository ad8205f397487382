/** The ways to sign in without a person, each a credential of @azure/identity with its advice. */
import { AnswerWatch } from "./answer-watch.ts";
import { IdentitySource } from "./identity-source.ts";
import type { TokenSource } from "./token-source.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** `az` itself may hang; it is ended before the source's own limit. */
const AZ_LIMIT_MS = 45_000;

/** The environment's variables, as far as sign-in reads them. */
export type SignInVariables = Readonly<Record<string, string | undefined>>;

/** `az login`, with the tenant when one is given. */
export function loginCommand(tenant: string | undefined): string {
  return `run \`az login${tenant === undefined ? "" : ` --tenant ${tenant}`}\``;
}

/** Who is signed in with the Azure CLI. */
export function cliSource(surroundings: Surroundings, tenant: string | undefined): TokenSource {
  const login = loginCommand(tenant);
  return new IdentitySource(surroundings, {
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
export function applicationSource(surroundings: Surroundings): TokenSource {
  return new IdentitySource(surroundings, {
    name: "environment",
    advice: () =>
      "check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret or certificate, which may have expired",
    make: async (watch) => {
      const { EnvironmentCredential } = await import("@azure/identity");
      return new EnvironmentCredential(watch.options);
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
export function workloadSource(surroundings: Surroundings, tenant: string | undefined): TokenSource {
  return new IdentitySource(surroundings, {
    name: "workload identity",
    advice: () => "check AZURE_TENANT_ID, AZURE_CLIENT_ID and the file that AZURE_FEDERATED_TOKEN_FILE names",
    make: async (watch) => {
      const { WorkloadIdentityCredential } = await import("@azure/identity");
      return new WorkloadIdentityCredential({
        ...watch.options,
        ...(tenant === undefined ? {} : { tenantId: tenant }),
      });
    },
  });
}

/** Whether Kubernetes has mounted a token file. */
export function hasWorkload(env: SignInVariables): boolean {
  return (env["AZURE_FEDERATED_TOKEN_FILE"] ?? "") !== "";
}

/** One for the process: the library asks all its managed identities by the client of the first. */
const MACHINE_WATCH = new AnswerWatch();

/** The identity of the machine; AZURE_CLIENT_ID picks one of several. */
export function managedIdentitySource(surroundings: Surroundings, env: SignInVariables): TokenSource {
  return new IdentitySource(surroundings, {
    name: "managed identity",
    watch: MACHINE_WATCH,
    advice: () =>
      "give this machine a managed identity (set AZURE_CLIENT_ID for a user-assigned one), or use another --auth",
    make: async (watch) => {
      const { ManagedIdentityCredential } = await import("@azure/identity");
      const clientId = env["AZURE_CLIENT_ID"];
      // Off Azure, the library's first request would hang for minutes; this makes it look first, as its own chain does.
      const looksFirst = { ...watch.options, sendProbeRequest: true, retryOptions: { maxRetries: 2 } };
      const credential = new ManagedIdentityCredential(
        clientId === undefined || clientId === "" ? looksFirst : { ...looksFirst, clientId },
      );
      watch.alsoWatch(credential);
      return credential;
    },
  });
}
