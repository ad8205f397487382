import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Server } from "node:net";
import type {
  AccessToken,
  DeviceCodeCredential,
  InteractiveBrowserCredential,
  TokenCredential,
} from "@azure/identity";
import { AnswerWatch } from "./answer-watch.ts";
import { toSignInError } from "./identity-source.ts";
import {
  checkedToken,
  describeReason,
  SignInError,
  type TokenRequest,
  type TokenSource,
} from "./token-source.ts";
import { type Cancel, sleep, type Surroundings } from "../../surroundings/surroundings.ts";

/** A sign-in that nobody asks for any more is given up after this, ms: a run that ended must not wait for a person. */
const LINGER_MS = 40_000;
/** How long a person may take at the start, ms: as long as a device code lasts. */
const PERSON_LIMIT_MS = 15 * 60_000;

export interface PersonWay {
  readonly surroundings: Surroundings;
  readonly kind: "browser" | "device-code";
  readonly tenant: string | undefined;
  /** Tells the person what to do, now. */
  readonly tell: (text: string) => void;
  /** The run's end. */
  readonly signal: AbortSignal;
}

type Interactive = Pick<DeviceCodeCredential | InteractiveBrowserCredential, "authenticate"> &
  TokenCredential;

/**
 * A person who signs in, in the browser or with a code on another device.
 *
 * `signed in`   tokens come without the person, until that sign-in itself ends.
 * `asking`      entered when a token is wanted and only the person can give it; the person is told, and who wants a
 *               token gets an error that says so, at once. Left when the person has signed in, or the code ended:
 *               then the next who wants a token has the person asked again.
 */
export class PersonSource implements TokenSource {
  readonly #way: PersonWay;
  readonly #watch = new AnswerWatch();
  #credential: Interactive | undefined;
  #asking: Promise<void> | undefined;
  #lastFailure: string | undefined;
  /** Gives the sign-in that is under way up when nobody asks for it any more. */
  #giveUp: (() => void) | undefined;
  #cancelLinger: Cancel | undefined;
  #toDo: string;

  constructor(way: PersonWay) {
    this.#way = way;
    this.#toDo =
      way.kind === "browser" ? "finish the sign-in in the browser window" : "sign in with the device code";
  }

  get way(): string {
    return this.#way.kind;
  }

  get advice(): string {
    return this.#toDo;
  }

  /** Whether the person is asked now. */
  get isAsking(): boolean {
    return this.#asking !== undefined;
  }

  /**
   * Waits until the person who is asked has signed in.
   *
   * @returns why that came to nothing; undefined when it did not
   * @throws the signal's reason
   */
  async attend(signal: AbortSignal): Promise<string | undefined> {
    const asking = this.#asking;
    this.#endLinger();
    const done = new AbortController();
    try {
      const late = sleep(
        this.#way.surroundings,
        PERSON_LIMIT_MS,
        AbortSignal.any([signal, done.signal]),
      ).then(() => "it took too long");
      return await Promise.race([asking?.then(() => this.#lastFailure), late]);
    } finally {
      done.abort();
    }
  }

  async ask(request: TokenRequest): Promise<AccessToken> {
    const { scope, tenantId, claims } = request;
    this.#linger();
    try {
      this.#credential ??= await this.#make();
      const options = {
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(claims === undefined ? {} : { claims }),
      };
      return await this.#credential.getToken(scope, options).then(checkedToken);
    } catch (thrown) {
      const needsPerson = thrown instanceof Error && thrown.name === "AuthenticationRequiredError";
      if (!needsPerson || this.#credential === undefined) {
        throw toSignInError(this.#way.kind, () => this.#toDo, thrown, this.#watch.take());
      }
      this.#asking ??= this.#askPerson(this.#credential, request);
      const why = this.#lastFailure === undefined ? "" : ` (the last time: ${this.#lastFailure})`;
      throw new SignInError(`a person has to sign in${why}`, this.#toDo, { isUnavailable: true });
    }
  }

  /** Begins to wait anew for somebody who asks for the sign-in that is under way, if one is and may be given up. */
  #linger(): void {
    if (this.#giveUp === undefined) return;
    this.#cancelLinger?.();
    this.#cancelLinger = this.#way.surroundings.after(LINGER_MS, this.#giveUp, { background: true });
  }

  #endLinger(): void {
    this.#cancelLinger?.();
    this.#giveUp = undefined;
  }

  async #make(): Promise<Interactive> {
    const identity = await import("@azure/identity");
    const { kind, tenant, tell } = this.#way;
    const options = {
      ...this.#watch.options,
      disableAutomaticAuthentication: true,
      additionallyAllowedTenants: ["*"],
      ...(tenant === undefined ? {} : { tenantId: tenant }),
    };
    if (kind === "browser") return new identity.InteractiveBrowserCredential(options);
    return new identity.DeviceCodeCredential({
      ...options,
      userPromptCallback: ({ verificationUri, userCode }) => {
        this.#toDo = `open ${verificationUri} and enter the code ${userCode}`;
        tell(`To sign in, ${this.#toDo}`);
      },
    });
  }

  async #askPerson(credential: Interactive, { scope, tenantId, claims }: TokenRequest): Promise<void> {
    const { kind, tell, signal } = this.#way;
    const left = new AbortController();
    this.#giveUp = () => left.abort();
    this.#linger();
    if (kind === "browser") {
      tell("To sign in, finish the sign-in in the browser window that opens");
      letNextServerEnd();
    }
    try {
      await credential.authenticate(scope, {
        abortSignal: AbortSignal.any([signal, left.signal]),
        ...(tenantId === undefined ? {} : { tenantId }),
        ...(claims === undefined ? {} : { claims }),
      });
      this.#lastFailure = undefined;
    } catch (thrown) {
      this.#lastFailure = this.#watch.take() ?? describeReason(thrown);
    } finally {
      this.#endLinger();
      this.#asking = undefined;
    }
  }
}

/**
 * The library waits for the browser's answer with a server that cannot be told to stop: the process may end in spite
 * of it.
 */
function letNextServerEnd(): void {
  const channel = "tracing:net.server.listen:asyncEnd";
  const onListening = (message: unknown): void => {
    unsubscribe(channel, onListening);
    const { server } = message as { readonly server: unknown };
    if (server instanceof Server) server.unref();
  };
  subscribe(channel, onListening);
}
