import type { RequestPolicyFactory } from "@azure/storage-blob";
import type { SignIn } from "../../../src/azure/sign-in/sign-in.ts";

/**
 * Puts the sign-in's token on every request of an SDK pipeline, and lets the sign-in know what the service made of it.
 * The SDK's own policy keeps tokens by itself, where a 401 does not renew them, and repeats requests by itself, where
 * `Attempts` does not see it.
 */
export function bearerPolicy(signIn: SignIn): RequestPolicyFactory {
  return {
    create: (next) => ({
      async sendRequest(request) {
        const { url } = request;
        const token = await signIn.storageTokenFor(url, request.abortSignal);
        request.headers.set("authorization", `Bearer ${token}`);
        try {
          const response = await next.sendRequest(request);
          signIn.accepted();
          return response;
        } catch (thrown) {
          const { statusCode, response } = thrown as Refusal;
          if (statusCode === 401) signIn.refused(token, url, response?.headers?.get("www-authenticate"));
          else if (statusCode !== undefined) signIn.accepted();
          throw thrown;
        }
      },
    }),
  };
}

/** The parts of an SDK error that are read here. */
interface Refusal {
  readonly statusCode?: number;
  readonly response?: { readonly headers?: { get(name: string): string | undefined } };
}
