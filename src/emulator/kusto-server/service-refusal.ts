/**
 * What the service says when it refuses. Shapes and codes from its documentation: "Query V2 HTTP response" (the body),
 * "Kusto.Data exceptions" (codes and types), "Errors in native code" (80DA0001, 80DA0003, 80DA0007); the wording of
 * limits as users report it (dotnet/arcade issue 9096).
 */

interface RefusalFacts {
  /** HTTP status when it is told before any row. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** Name of the exception, without `Kusto.Data.Exceptions.` */
  readonly type: string;
  /** The words that help: `@message`. */
  readonly said: string;
  readonly permanent: boolean;
  readonly inner?: { readonly code: string; readonly said: string; readonly type: string };
}

/** A query that gets no answer, or only part of one. */
export class ServiceRefusal extends Error {
  readonly facts: RefusalFacts;

  constructor(facts: RefusalFacts) {
    super(facts.said);
    this.name = "ServiceRefusal";
    this.facts = facts;
  }

  get status(): number {
    return this.facts.status;
  }

  /** The body of a refused request, and an item of `OneApiErrors`. */
  body(): object {
    const { code, message, type, said, permanent, inner } = this.facts;
    return {
      error: {
        code,
        message,
        "@type": `Kusto.Data.Exceptions.${type}`,
        "@message": said,
        "@permanent": permanent,
        ...(inner === undefined
          ? {}
          : {
              innererror: {
                code: inner.code,
                message: inner.said,
                "@type": `Kusto.Data.Exceptions.${inner.type}`,
                "@message": `${inner.code}: ${inner.said}`,
                "@permanent": permanent,
                "@errorCode": inner.code,
                "@errorMessage": inner.said,
              },
            }),
      },
    };
  }
}

const BAD_REQUEST = "Request is invalid and cannot be executed.";

/** An unknown table or column, or a parameter that is missing or cannot be read. */
export function semanticError(said: string): ServiceRefusal {
  return new ServiceRefusal({
    status: 400,
    code: "General_BadRequest",
    message: BAD_REQUEST,
    type: "KustoBadRequestException",
    said: `Request is invalid and cannot be processed: Semantic error: SEM0100: ${said}`,
    permanent: true,
    inner: { code: "SEM0100", said, type: "SemanticException" },
  });
}

/**
 * The query cannot be parsed.
 *
 * @param said what the parser says of it
 */
export function syntaxError(said: string): ServiceRefusal {
  return new ServiceRefusal({
    status: 400,
    code: "BadRequest_SyntaxError",
    message: BAD_REQUEST,
    type: "SyntaxException",
    said: `Syntax error: Query could not be parsed: SYN0002: ${said}`,
    permanent: true,
    inner: { code: "SYN0002", said, type: "SyntaxException" },
  });
}

/** The cluster has no database of this name. */
export function unknownDatabase(name: string): ServiceRefusal {
  return new ServiceRefusal({
    status: 400,
    code: "BadRequest_DatabaseNotExist",
    message: BAD_REQUEST,
    type: "DatabaseNotFoundException",
    said: `Entity ID '${name}' of kind 'Database' was not found.`,
    permanent: true,
  });
}

/** There is no token, or one that is not known or has ended. */
export function unauthorized(): ServiceRefusal {
  return new ServiceRefusal({
    status: 401,
    code: "Unauthorized",
    message: "Caller is not authorized to perform this action",
    type: "KustoUnauthorizedException",
    said: "Caller is not authorized: the token is missing, unknown or has expired.",
    permanent: true,
  });
}

/** The token is good, and its owner may not read this database. */
export function forbidden(database: string): ServiceRefusal {
  return new ServiceRefusal({
    status: 403,
    code: "Forbidden",
    message: "Caller is not authorized to perform this action",
    type: "KustoRequestDeniedException",
    said: `Principal 'aaduser=someone' is not authorized to read database '${database}'.`,
    permanent: true,
  });
}

/** Too many queries at once: 429, to be retried. */
export function throttled(): ServiceRefusal {
  return new ServiceRefusal({
    status: 429,
    code: "TooManyRequests",
    message: "Request is denied due to throttling.",
    type: "KustoRequestThrottledException",
    said: "The query was aborted due to throttling. Retrying after some backoff might help.",
    permanent: false,
  });
}

/** The service is not there for a moment: 503, to be retried. */
export function serviceBusy(): ServiceRefusal {
  return new ServiceRefusal({
    status: 503,
    code: "ServiceUnavailable",
    message: "The service is temporarily unavailable.",
    type: "KustoServiceException",
    said: "The service is temporarily unavailable.",
    permanent: false,
  });
}

/** The query did not end in time: 504. */
export function timedOut(): ServiceRefusal {
  return new ServiceRefusal({
    status: 504,
    code: "RequestExecutionTimeout",
    message: "Request execution has exceeded the allowed timeout.",
    type: "KustoServiceTimeoutException",
    said: "Query execution has exceeded the allowed timeout.",
    permanent: false,
  });
}

/** More rows or bytes than one answer may have: told after the rows that fit. */
export function tooLarge(limit: "record count" | "data size", most: number): ServiceRefusal {
  return limitsExceeded(
    `(80DA0003): Query result set has exceeded the internal ${limit} limit ${most} (E_QUERY_RESULT_SET_TOO_LARGE; see https://aka.ms/kustoquerylimits).`,
  );
}

/** The query went over its own memory budget. */
export function runaway(): ServiceRefusal {
  return limitsExceeded("(80DA0001): The query exceeded its memory budget (E_RUNAWAY_QUERY).");
}

/** The service has no memory left for the query. */
export function lowMemory(): ServiceRefusal {
  return new ServiceRefusal({
    status: 400,
    code: "LowMemoryCondition",
    message: BAD_REQUEST,
    type: "KustoServicePartialQueryFailureLowMemoryConditionException",
    said: "Query execution lacks memory resources to complete (80DA0007): Partial query failure: Low memory condition (E_LOW_MEMORY_CONDITION).",
    permanent: true,
  });
}

function limitsExceeded(said: string): ServiceRefusal {
  return new ServiceRefusal({
    status: 400,
    code: "LimitsExceeded",
    message: BAD_REQUEST,
    type: "KustoServicePartialQueryFailureLimitsExceededException",
    said: `Query execution has exceeded the allowed limits ${said}`,
    permanent: true,
  });
}
