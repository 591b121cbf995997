// Loaded before the cases: refuses every connection that leaves this machine, and writes down where it was to go. Node's own
// `fetch` asks no proxy, so that the trap of the other clients would not see it.
const { appendFileSync } = require("node:fs");
const { Socket } = require("node:net");

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost", undefined]);
const connect = Socket.prototype.connect;

Socket.prototype.connect = function (...given) {
  const [first, second] = Array.isArray(given[0]) ? given[0] : given;
  const options = typeof first === "object" && first !== null ? first : { host: typeof second === "string" ? second : undefined };
  if (!options.path && !LOOPBACK.has(options.host)) {
    appendFileSync(process.env.WANTED_FILE, `${options.host}:${options.port}\n`);
    throw new Error(`nothing but loopback is to be reached, not ${options.host}`);
  }
  return connect.apply(this, given);
};
