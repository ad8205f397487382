import { ReuploadError } from "../../core/errors.ts";
import { untilAborted } from "../../core/until-aborted.ts";
import { Chain } from "./chain.ts";
import { PersonSource } from "./person-source.ts";
import { SignIn, STORAGE_SCOPE } from "./sign-in.ts";
import { describeAdvice, SignInError, type TokenSource } from "./token-source.ts";
import {
  applicationSource,
  cliSource,
  ENVIRONMENT_ADVICE,
  hasApplication,
  hasWorkload,
  loginCommand,
  managedIdentitySource,
  type SignInVariables,
  workloadSource,
} from "./ways.ts";
import type { Surroundings } from "../../surroundings/surroundings.ts";

/** `--auth` */
export type AuthWay = "auto" | "cli" | "browser" | "device-code" | "managed-identity" | "environment";

export interface SignInOptions {
  readonly surroundings: Surroundings;
  readonly auth: AuthWay;
  /** `--tenant` */
  readonly tenant: string | undefined;
  readonly env: SignInVariables;
  /** Somebody sits at the terminal: `auto` may ask them. */
  readonly isPersonThere: boolean;
  /** A browser can be opened here. */
  readonly hasDisplay: boolean;
  /** Tells the person what to do, now. */
  readonly tell: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Makes the run's credential. A person is asked at once, and waited for; what needs no person is asked when the first
 * token is needed.
 *
 * @throws ReuploadError `bad-option`, `sign-in`; the signal's reason
 */
export async function openSignIn(options: SignInOptions): Promise<SignIn> {
  const { tenant } = options;
  if (tenant !== undefined && !/^[0-9a-zA-Z.-]+$/.test(tenant)) {
    throw new ReuploadError("bad-option", `--tenant "${tenant}" is not the id or the domain of a tenant.`);
  }
  const person = openPersonSource(options);
  const source = chooseSource(options, person);
  const signIn = new SignIn(options.surroundings, source, { isTenantFixed: tenant !== undefined });
  if (person !== undefined) await waitForPerson(source, person, options.signal);
  return signIn;
}

function openPersonSource({
  auth,
  isPersonThere,
  hasDisplay,
  ...way
}: SignInOptions): PersonSource | undefined {
  switch (auth) {
    case "browser":
    case "device-code":
      return new PersonSource({ ...way, kind: auth });
    case "auto":
      return isPersonThere
        ? new PersonSource({ ...way, kind: hasDisplay ? "browser" : "device-code" })
        : undefined;
    case "cli":
    case "managed-identity":
    case "environment":
      return undefined;
  }
}

function chooseSource(options: SignInOptions, person: PersonSource | undefined): TokenSource {
  const { surroundings, auth, tenant, env } = options;
  switch (auth) {
    case "cli":
      return cliSource(surroundings, tenant);
    case "managed-identity":
      return managedIdentitySource(surroundings, env);
    case "environment":
      return environmentSource(options);
    case "browser":
    case "device-code":
    case "auto":
      break;
  }
  if (person !== undefined && auth !== "auto") return person;
  const sources = [
    ...(hasApplication(env) ? [applicationSource(surroundings)] : []),
    ...(hasWorkload(env) ? [workloadSource(surroundings, tenant)] : []),
    managedIdentitySource(surroundings, env),
    cliSource(surroundings, tenant),
    ...(person === undefined ? [] : [person]),
  ];
  return new Chain(sources, `${loginCommand(tenant)}, or choose a way with --auth`);
}

/** Waiting would not set the variables: what is missing is told at once. */
function environmentSource({ surroundings, tenant, env }: SignInOptions): TokenSource {
  if (hasApplication(env)) return applicationSource(surroundings);
  if (hasWorkload(env)) return workloadSource(surroundings, tenant);
  throw new ReuploadError("sign-in", "--auth environment: the environment contains no sign-in.", {
    advice: describeAdvice(ENVIRONMENT_ADVICE),
  });
}

/** Asks for the first token, and waits for the person where only they can give it. */
async function waitForPerson(source: TokenSource, person: PersonSource, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const request = { scope: STORAGE_SCOPE, fresh: false };
  try {
    await untilAborted(source.ask(request), signal);
  } catch (thrown) {
    if (!(thrown instanceof SignInError)) throw thrown;
    if (!person.isAsking) throw nobody(thrown);
    const failure = await person.attend(signal);
    if (failure !== undefined) throw nobody(new SignInError(failure, person.advice, { isUnavailable: true }));
  }
}

function nobody(error: SignInError): ReuploadError {
  const advice = describeAdvice(error.advice);
  return new ReuploadError("sign-in", `No sign-in was possible: ${error.message}.`, { advice, cause: error });
}
