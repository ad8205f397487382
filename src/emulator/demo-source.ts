import {
  ATTEMPT_DEFAULTS,
  type AttemptContext,
  Attempts,
  GATE_DEFAULTS,
  RequestBudget,
  RestBlobWriter,
  RestClient,
  ServiceFailure,
  ServiceGate,
  SharedKey,
  containerSas,
  createContainer,
  openConnections,
  parseConnectionString,
} from "../azure/azure.ts";
import { Secret } from "../core/secret.ts";
import { encodeName } from "../core/target-name.ts";
import type { Surroundings } from "../surroundings/surroundings.ts";

const CONTENT_TYPE = "application/octet-stream";
const SAS_LIFETIME_MS = 24 * 60 * 60 * 1000;
/** How long one call may take, with all its attempts, ms. */
const CALL_LIMIT_MS = 60_000;

/** The emulator's container for the demo's source blobs. */
export class DemoSource {
  readonly containerName: string;
  readonly url: string;
  readonly #client: RestClient;
  readonly #writer: RestBlobWriter;
  readonly #surroundings: Surroundings;
  readonly #attempts: Attempts;
  readonly #gate: ServiceGate;

  /** @param connectionString the emulator's, with its key */
  static async open(
    surroundings: Surroundings,
    connectionString: string,
    containerName: string,
  ): Promise<DemoSource> {
    const account = parseConnectionString(new Secret(connectionString));
    const connections = await openConnections(() => undefined, ATTEMPT_DEFAULTS.idleMs);
    return new DemoSource(new RestClient(surroundings, account, connections), containerName);
  }

  private constructor(client: RestClient, containerName: string) {
    const { surroundings, account } = client;
    this.#surroundings = surroundings;
    this.#attempts = new Attempts(surroundings, ATTEMPT_DEFAULTS);
    this.#gate = new ServiceGate(surroundings, "emulator", GATE_DEFAULTS);
    this.containerName = containerName;
    this.url = `${account.blobEndpoint}/${containerName}`;
    this.#client = client;
    this.#writer = new RestBlobWriter(this.#client, containerName);
  }

  /** Makes the container unless it is there. @throws ServiceFailure; the signal's reason */
  async create(signal: AbortSignal): Promise<void> {
    try {
      await this.#call(signal, "create container", async (pulse) =>
        createContainer(this.#client, this.containerName, pulse),
      );
    } catch (thrown) {
      const isThere = thrown instanceof ServiceFailure && thrown.errorCode === "ContainerAlreadyExists";
      if (!isThere) throw thrown;
    }
  }

  /** Puts a blob, over one that is there. @throws ServiceFailure; the signal's reason */
  async put(name: string, content: Buffer, signal: AbortSignal): Promise<void> {
    const options = { createOnly: false, headers: { contentType: CONTENT_TYPE }, metadata: {} };
    await this.#call(signal, "put blob", async (pulse) =>
      this.#writer.putBlob(name, content, options, pulse),
    );
  }

  /** The blob's URL without a SAS. */
  sourceUri(name: string): string {
    return `${this.url}/${encodeName(name)}`;
  }

  /** A SAS for a day, as a query with its question mark. @param rights `r` to read, `cw` to put blobs */
  sas(rights: "r" | "cw"): string {
    const { credential } = this.#client.account;
    if (credential.kind !== "shared-key") throw new TypeError("the emulator has a key");
    const startsAt = this.#surroundings.wall() - 60_000;
    const query = containerSas(new SharedKey(credential.accountName, credential.key), {
      containerName: this.containerName,
      rights,
      startsAt,
      endsAt: startsAt + SAS_LIFETIME_MS,
      httpsOnly: false,
    });
    return `?${query}`;
  }

  async #call(
    signal: AbortSignal,
    what: string,
    call: (pulse: AttemptContext) => Promise<void>,
  ): Promise<void> {
    return this.#attempts.run(this.#gate, new RequestBudget(signal, CALL_LIMIT_MS), what, call);
  }
}
