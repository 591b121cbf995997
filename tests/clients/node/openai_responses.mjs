// Cases of OpenAI's Node SDK, Responses, on a target that speaks chat completions.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { raises, run, words } from "./runner.mjs";

const { version } = JSON.parse(readFileSync(new URL("node_modules/openai/package.json", import.meta.url)));
const client = new OpenAI({ maxRetries: 0 });
const input = "say something about the time";
const WEATHER = {
  type: "function",
  name: "get_weather",
  description: "The weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

const ask = (more = {}) => client.responses.create({ model: "upstream/gpt-sim", input, ...more });
const scripted = (script, more = {}) => ask({ model: `upstream/gpt-sim?${script}`, ...more });

await run(`node openai ${version} responses`, {
  async text() {
    const answer = await ask();
    assert.equal(answer.status, "completed");
    assert.equal(words(answer.output_text), 12);
    assert.equal(answer.usage.output_tokens, 12);
  },
  async limit() {
    assert.equal((await ask({ max_output_tokens: 3 })).incomplete_details.reason, "max_output_tokens");
  },
  async stream() {
    const stream = client.responses.stream({ model: "upstream/gpt-sim", input });
    const kinds = [];
    for await (const event of stream) kinds.push(event.type);
    const final = await stream.finalResponse();
    assert.equal(kinds.at(-1), "response.completed");
    assert.equal(final.output_text, (await ask()).output_text);
  },
  async tools() {
    const call = (await ask({ tools: [WEATHER] })).output.find((item) => item.type === "function_call");
    assert.equal(call.name, "get_weather");
  },
  async "parallel tools"() {
    const answer = await scripted("calls=2", { tools: [WEATHER] });
    const calls = answer.output.filter((item) => item.type === "function_call");
    assert.equal(new Set(calls.map((call) => call.call_id)).size, 2);
  },
  async "streamed tools"() {
    const stream = client.responses.stream({ model: "upstream/gpt-sim", input, tools: [WEATHER] });
    const final = await stream.finalResponse();
    assert.ok(final.output.some((item) => item.type === "function_call"));
  },
  async "tool loop"() {
    const first = await ask({ tools: [WEATHER] });
    const call = first.output.find((item) => item.type === "function_call");
    const result = { type: "function_call_output", call_id: call.call_id, output: "sunny" };
    const turns = [{ role: "user", content: input }, ...first.output, result];
    assert.ok((await ask({ input: turns, tools: [WEATHER] })).output_text);
  },
  async "previous response is refused elsewhere"() {
    const error = await raises(OpenAI.BadRequestError, () => ask({ previous_response_id: "resp_1" }));
    assert.equal(error.param, "previous_response_id");
  },
  async "errors are of their types"() {
    await raises(OpenAI.NotFoundError, () => scripted("status=404"));
    await raises(OpenAI.RateLimitError, () => scripted("status=429&retry_after=7"));
  },
  async failover() {
    assert.ok((await ask({ model: "fast" })).output_text);
  },
});
