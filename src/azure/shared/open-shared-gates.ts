import type { AccessToken } from "@azure/identity";
import { every, type Surroundings } from "../../surroundings/surroundings.ts";
import { requestBrake } from "../gate/brake.ts";
import type { Gate } from "../gate/gate.ts";
import { Pacer } from "../gate/pacer.ts";
import { SharedBucket } from "../gate/shared-bucket.ts";
import { SignIn, STORAGE_SCOPE } from "../sign-in/sign-in.ts";
import type { TokenRequest, TokenSource } from "../sign-in/token-source.ts";
import { MainPort } from "./main-port.ts";
import type { SignInFacts } from "./messages.ts";
import { RemoteGate, RemoteSourceGate } from "./remote-gate.ts";
import type { GatesDescription } from "./share-gates.ts";

/** How often it is told for how long requests have been held, ms. */
const ACCOUNT_MS = 50;

/** The limits of the run, as a thread has them. */
export interface OpenedGates {
  readonly target: Gate;
  readonly queue: Gate;
  /** The gate of a source account. */
  source(accountUrl: string): Gate;
  readonly bandwidth: Pacer;
  /** Gives the tokens of the main thread's sign-in; undefined when a key or a SAS signs the requests. */
  readonly signIn: SignIn | undefined;
  /** Who waits at the main thread gets an error. */
  close(): void;
}

/** Opens in a thread what `SharedGates.connect` has described in the main thread. Once for each description. */
export function openSharedGates(surroundings: Surroundings, description: GatesDescription): OpenedGates {
  const port = new MainPort(description.port);
  const signIn = description.signIn && openSignIn(surroundings, port, description.signIn);
  const requests = openPacer(surroundings, description.requests);
  const bandwidth = openPacer(surroundings, description.bandwidth);
  const pacers = [requests, bandwidth];
  const tools = {
    surroundings,
    port,
    signIn: signIn?.forGate(STORAGE_SCOPE),
    brakes: [requestBrake(requests)],
    numberOf: numberThings(),
  };
  const open = (facts: GatesDescription["target"]): RemoteGate => {
    const gate = new RemoteGate(tools, facts);
    pacers.push(gate.pacer);
    return gate;
  };
  const sources = new Map<string, Gate>();
  const stopAccounting = every(
    surroundings,
    ACCOUNT_MS,
    () => {
      for (const pacer of pacers) pacer.account();
    },
    { background: true },
  );
  return {
    target: open(description.target),
    queue: open(description.queue),
    source(url) {
      let gate = sources.get(url);
      if (gate === undefined) {
        const opening = port.ask({ what: "source", url }).then(({ value }) => open(value));
        gate = new RemoteSourceGate(opening, `source ${new URL(url).host}`);
        sources.set(url, gate);
      }
      return gate;
    },
    bandwidth,
    signIn,
    close() {
      stopAccounting();
      port.close();
    },
  };
}

function openPacer(surroundings: Surroundings, memory: SharedArrayBuffer): Pacer {
  const bucket = new SharedBucket(memory);
  return new Pacer(surroundings, () => bucket.rate, bucket);
}

/** The sign-in of the main thread: it alone asks for tokens, this one keeps what it was given. */
function openSignIn(surroundings: Surroundings, port: MainPort, facts: SignInFacts): SignIn {
  const { way, advice, isTenantFixed } = facts;
  const given = new Map<string, string>();
  const source: TokenSource = {
    way,
    advice,
    async ask(request: TokenRequest): Promise<AccessToken> {
      const key = `${request.tenantId ?? ""} ${request.scope}`;
      const { value } = await port.ask({ what: "token", request, old: given.get(key) });
      given.set(key, value.token);
      return value;
    },
    accepted: () => port.tell({ what: "accepted" }),
  };
  return new SignIn(surroundings, source, { isTenantFixed });
}

/** Gives each thing a number, the same whenever it is asked for. */
function numberThings(): (thing: object) => number {
  const numbers = new WeakMap<object, number>();
  let next = 0;
  return (thing) => {
    const known = numbers.get(thing);
    if (known !== undefined) return known;
    numbers.set(thing, next);
    return next++;
  };
}
