/** The connection to Azure Data Explorer that the options describe. */
import type { Attempts } from "../azure/attempts/attempt.ts";
import type { StorageAccount } from "../azure/account.ts";
import type { ServiceGate } from "../azure/gate/service-gate.ts";
import { type GateSignIn, STORAGE_SCOPE, type SignIn } from "../azure/sign-in/sign-in.ts";
import type { Environment } from "../config/config.ts";
import type { RunSettings } from "../config/run-options.ts";
import type { Kusto } from "../kusto/kusto.ts";
import type { KustoSignIn } from "../kusto/one-query.ts";
import { kustoPlace, openKusto } from "../kusto/open-kusto.ts";
import type { SignInPrompt } from "./context.ts";
import { openRunSignIn } from "./sign-in.ts";
import { REAL_SURROUNDINGS } from "../surroundings/surroundings.ts";

export interface KustoConnection {
  readonly cluster: string;
  readonly database: string;
  readonly settings: Pick<RunSettings, "auth" | "tenant" | "quiet" | "output" | "kustoQueries">;
  readonly env: Environment;
  /** Where a person may be asked to sign in. */
  readonly prompt: SignInPrompt;
  readonly attempts: Attempts;
  /** The gate of the service. @param place `cluster/database` */
  readonly gate: (place: string, signIn: GateSignIn) => ServiceGate;
  /** The target account, whose sign-in is used when it has one; undefined without a target. */
  readonly account?: StorageAccount;
}

/** @throws ReuploadError `kusto-invalid`, `sign-in`; nothing is asked of the cluster yet */
export async function connectKusto(connection: KustoConnection): Promise<Kusto> {
  const { cluster, database, settings, attempts } = connection;
  const signIn = await signInFor(connection);
  return openKusto({
    surroundings: REAL_SURROUNDINGS,
    cluster,
    database,
    signIn: signIn ?? NO_SIGN_IN,
    attempts,
    gate: connection.gate(kustoPlace(cluster, database), gateSignIn(signIn)),
    queries: settings.kustoQueries,
  });
}

/** undefined where queries are sent without a sign-in */
async function signInFor({
  cluster,
  settings,
  env,
  prompt,
  account,
}: KustoConnection): Promise<SignIn | undefined> {
  if (settings.auth === "auto" && cluster.startsWith("http:")) return undefined;
  if (account?.credential.kind === "token") return account.credential.signIn;
  return openRunSignIn(settings, env, prompt);
}

/**
 * The sign-in as the cluster's gate sees it. Each query gets its own token, and that another service took one says
 * nothing of this one.
 */
function gateSignIn(signIn: SignIn | undefined): GateSignIn {
  const gate = signIn?.forGate(STORAGE_SCOPE);
  return {
    get advice() {
      return gate?.advice ?? NO_SIGN_IN_ADVICE;
    },
    hasWorked: false,
    ready: () => undefined,
  };
}

const NO_SIGN_IN_ADVICE = "give --auth (over http, reupload signs in only with it)";

/** Plain http is for loopback alone, and the emulators that answer there know no sign-in. */
const NO_SIGN_IN: KustoSignIn = {
  getToken: async () => ({ token: "none", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
  accepted: () => {},
  refused: () => {},
};
