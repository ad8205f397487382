import type { Plugin } from "rolldown";

/**
 * In place of the package's entry, which loads all of its parts at once, with fetch, WebSocket, mocks and caches, and takes
 * 10 ms more of each start. As there, a dispatcher can make a whole request: proxies need it.
 */
const ENTRY = `"use strict";
const Dispatcher = require("./lib/dispatcher/dispatcher.js");
Object.assign(Dispatcher.prototype, require("./lib/api/index.js"));
module.exports.Dispatcher = Dispatcher;
module.exports.Client = require("./lib/dispatcher/client.js");
module.exports.ProxyAgent = require("./lib/dispatcher/proxy-agent.js");
module.exports.buildConnector = require("./lib/core/connect.js");
`;

const LOADS_HTTP2 = "http2 = require('node:http2')";

/** undici leaves out its second parser, an experiment, where it finds this name. */
export const UNDICI_DEFINES = { esbuildDetection: "true" };

/**
 * Takes the parts of undici that the program uses, and not Node's HTTP/2, which it never speaks: where Node has none, undici
 * goes on without.
 */
export function slimUndici(): Plugin {
  return {
    name: "slim-undici",
    transform: {
      filter: { id: /[\\/]undici[\\/](?:index|lib[\\/]dispatcher[\\/]client-h2)\.js$/ },
      handler(code, id) {
        if (id.endsWith("index.js")) return { code: ENTRY, map: null };
        if (!code.includes(LOADS_HTTP2)) throw new Error("undici loads HTTP/2 in another way");
        return { code: code.replace(LOADS_HTTP2, "throw new Error('no HTTP/2')"), map: null };
      },
    },
  };
}
