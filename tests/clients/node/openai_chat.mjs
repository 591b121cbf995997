// Cases of the official Node SDK. Each entry of `cases` is one; the base URL and the key come from the environment, as the
// SDK reads them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { raises, run, words } from "./runner.mjs";

const { version } = JSON.parse(readFileSync(new URL("node_modules/openai/package.json", import.meta.url)));
const client = new OpenAI({ maxRetries: 0 });
const limited = new OpenAI({ maxRetries: 0, apiKey: process.env.LIMITED_KEY });
const M = "upstream/gpt-sim";
const ASK = [{ role: "user", content: "say something about the time" }];
const tool = (name, member) => ({
  type: "function",
  function: {
    name,
    parameters: { type: "object", properties: { [member]: { type: "string" } }, required: [member] },
  },
});
const TOOLS = [tool("get_weather", "city"), tool("get_time", "zone")];
const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const ask = (more = {}) => client.chat.completions.create({ model: M, messages: ASK, ...more });
const scripted = (script, more) => ask({ model: `upstream/gpt-sim?${script}`, ...more });

async function collect(stream) {
  const chunks = [];
  for await (const chunk of await stream) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks, index = 0) =>
  chunks.flatMap((chunk) => chunk.choices.filter((choice) => choice.index === index))
    .map((choice) => choice.delta.content ?? "").join("");

async function upstreamCalls(model) {
  const found = await (await fetch(`${process.env.SIMULATOR}/__calls`)).json();
  return (found.calls ?? found).filter((call) => call.model === model);
}

const cases = {
  async text() {
    const answer = await ask();
    assert.equal(words(answer.choices[0].message.content), 12);
    assert.equal(answer.choices[0].finish_reason, "stop");
  },
  async "text usage"() {
    const { usage } = await ask();
    assert.equal(usage.completion_tokens, 12);
    assert.equal(usage.total_tokens, usage.prompt_tokens + 12);
  },
  async "system and developer roles"() {
    for (const role of ["system", "developer"])
      assert.ok((await ask({ messages: [{ role, content: "be brief" }, ...ASK] })).choices[0].message.content);
  },
  async "signed calls of other dialects by the stream helper"() {
    for (const model of ["anthropic/claude-sim?calls=2&reasoning=5", "gemini/gemini-sim?calls=2&reasoning=5"]) {
      const final = await client.chat.completions.stream({ model, messages: ASK, tools: TOOLS }).finalChatCompletion();
      const message = final.choices[0].message;
      assert.deepEqual(message.tool_calls.map((call) => call.function.name), ["get_weather", "get_time"]);
      const results = message.tool_calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "sunny" }));
      const answer = await ask({ model, messages: [...ASK, message, ...results], tools: TOOLS });
      assert.ok(answer.choices[0].message.content.includes("The tool answered"));
      // Both results, and the simulator's proof, came back to who made it.
      const told = JSON.stringify((await upstreamCalls(model.split("/")[1])).at(-1).json);
      assert.equal(told.split("sunny").length, 3);
      assert.ok(told.includes("c2ltdWxhdGVkIHByb29m"));
    }
  },
  async "multi turn"() {
    const messages = [...ASK, { role: "assistant", content: "the time" }, { role: "user", content: "go on" }];
    assert.ok((await ask({ messages })).choices[0].message.content);
  },
  async stream() {
    assert.equal(words(textOf(await collect(ask({ stream: true })))), 12);
  },
  async "stream has one id and a finish"() {
    const chunks = await collect(ask({ stream: true }));
    assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
    assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
  },
  async "stream without usage when not asked"() {
    assert.ok((await collect(ask({ stream: true }))).every((chunk) => chunk.choices.length && !chunk.usage));
  },
  async "stream usage"() {
    const chunks = await collect(ask({ stream: true, stream_options: { include_usage: true } }));
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.equal(chunks.at(-1).usage.completion_tokens, 12);
  },
  async "stream equals buffered"() {
    assert.equal(textOf(await collect(ask({ stream: true }))), (await ask()).choices[0].message.content);
  },
  async "stream without done marker"() {
    assert.equal(words(textOf(await collect(scripted("no_done", { stream: true })))), 12);
  },
  async "stream with comments and crlf"() {
    assert.equal(words(textOf(await collect(scripted("comments&line_ending=crlf", { stream: true })))), 12);
  },
  async "stream of split utf8"() {
    const buffered = await scripted("split_utf8");
    assert.equal(textOf(await collect(scripted("split_utf8", { stream: true }))), buffered.choices[0].message.content);
  },
  async "stream from a provider that answers json"() {
    assert.equal(words(textOf(await collect(scripted("json_for_stream", { stream: true })))), 12);
  },
  async "tool call"() {
    const [call] = (await ask({ tools: TOOLS })).choices[0].message.tool_calls;
    assert.equal(call.function.name, "get_weather");
    assert.ok("city" in JSON.parse(call.function.arguments));
  },
  async "forced tool"() {
    const tool_choice = { type: "function", function: { name: "get_time" } };
    const answer = await ask({ tools: TOOLS, tool_choice });
    assert.equal(answer.choices[0].message.tool_calls[0].function.name, "get_time");
  },
  async "parallel tools"() {
    const calls = (await scripted("calls=2", { tools: TOOLS })).choices[0].message.tool_calls;
    assert.deepEqual(calls.map((call) => call.function.name), ["get_weather", "get_time"]);
  },
  async "streamed tool calls"() {
    const runner = client.chat.completions.stream({ model: "upstream/gpt-sim?calls=2", messages: ASK, tools: TOOLS });
    const calls = (await runner.finalChatCompletion()).choices[0].message.tool_calls;
    assert.deepEqual(calls.map((call) => call.function.name), ["get_weather", "get_time"]);
    calls.forEach((call) => JSON.parse(call.function.arguments));
  },
  async "tool results"() {
    const { message } = (await ask({ tools: TOOLS })).choices[0];
    const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "sunny" };
    const answer = await ask({ tools: TOOLS, messages: [...ASK, message, result] });
    assert.match(answer.choices[0].message.content, /sunny/);
  },
  async image() {
    const content = [{ type: "text", text: "what is this" }, { type: "image_url", image_url: { url: PIXEL } }];
    assert.match((await ask({ messages: [{ role: "user", content }] })).choices[0].message.content, /1 image/);
  },
  async "json object"() {
    JSON.parse((await ask({ response_format: { type: "json_object" } })).choices[0].message.content);
  },
  async "json schema"() {
    const schema = {
      type: "object",
      properties: { name: { type: "string" }, age: { type: "integer" } },
      required: ["name", "age"],
      additionalProperties: false,
    };
    const response_format = { type: "json_schema", json_schema: { name: "person", schema, strict: true } };
    const found = JSON.parse((await ask({ response_format })).choices[0].message.content);
    assert.ok(Number.isInteger(found.age));
  },
  async logprobs() {
    const { content } = (await ask({ logprobs: true, top_logprobs: 2 })).choices[0].logprobs;
    assert.equal(content.length, 12);
  },
  async n() {
    assert.deepEqual((await ask({ n: 3 })).choices.map((choice) => choice.index), [0, 1, 2]);
  },
  async "streamed n"() {
    const chunks = await collect(ask({ n: 2, stream: true }));
    assert.ok(textOf(chunks, 0) && textOf(chunks, 1));
  },
  async stop() {
    const all = (await ask()).choices[0].message.content.split(/\s+/);
    const cut = (await ask({ stop: all[5] })).choices[0].message.content;
    assert.ok(!cut.split(/\s+/).includes(all[5]));
  },
  async "max tokens"() {
    const answer = await ask({ max_tokens: 3 });
    assert.equal(answer.choices[0].finish_reason, "length");
    assert.equal(answer.usage.completion_tokens, 3);
  },
  async "unknown members reach the provider"() {
    await ask({ a_new_member: { kept: [1, 2.5] } });
    assert.deepEqual((await upstreamCalls("gpt-sim")).at(-1).json.a_new_member, { kept: [1, 2.5] });
  },
  async refusal() {
    assert.ok((await scripted("refusal")).choices[0].message.refusal);
  },
  async "reasoning tokens"() {
    assert.equal((await scripted("reasoning=5")).usage.completion_tokens_details.reasoning_tokens, 5);
  },
  async "route with failover"() {
    const { data, response } = await ask({ model: "fast" }).withResponse();
    assert.equal(response.headers.get("x-switchyard-attempts"), "2");
    assert.ok(data.choices[0].message.content);
  },
  async models() {
    const ids = (await collect(client.models.list())).map((model) => model.id);
    assert.ok(ids.includes("fast") && ids.includes(M));
    assert.equal((await client.models.retrieve("fast")).id, "fast");
  },
  async "bad key"() {
    const stranger = new OpenAI({ maxRetries: 0, apiKey: "sy-wrong" });
    const error = await raises(OpenAI.AuthenticationError, () => stranger.models.list());
    assert.equal(error.code, "invalid_api_key");
  },
  async "unknown model"() {
    assert.equal((await raises(OpenAI.NotFoundError, () => ask({ model: "none" }))).code, "model_not_found");
  },
  async "model not allowed"() {
    const call = () => limited.chat.completions.create({ model: M, messages: ASK });
    assert.equal((await raises(OpenAI.PermissionDeniedError, call)).code, "model_not_allowed");
  },
  async "rate limit"() {
    const error = await raises(OpenAI.RateLimitError, async () => {
      for (let i = 0; i < 2; i++) await limited.chat.completions.create({ model: "fast", messages: ASK });
    });
    assert.equal(error.code, "rate_limit_exceeded");
  },
  async "bad request"() {
    assert.equal((await raises(OpenAI.BadRequestError, () => ask({ messages: [] }))).param, "messages");
  },
  async "upstream rejection"() {
    const script = "status=400&error_param=messages&error_code=context_length_exceeded";
    assert.equal((await raises(OpenAI.BadRequestError, () => scripted(script))).code, "context_length_exceeded");
  },
  async "upstream credential refused"() {
    const error = await raises(OpenAI.InternalServerError, () => scripted("status=401"));
    assert.deepEqual([error.status, error.code], [502, "upstream_auth_failed"]);
  },
  async "upstream throttle"() {
    const error = await raises(OpenAI.RateLimitError, () => scripted("status=429&retry_after=7"));
    assert.equal(error.headers.get("retry-after"), "7");
  },
  async "upstream timeout"() {
    const error = await raises(OpenAI.InternalServerError, () => scripted("stall_before_first", { stream: true }));
    assert.equal(error.status, 504);
  },
  async "cut stream raises"() {
    for (const script of ["cut_after=3", "error_event_after=2"]) {
      const error = await raises(OpenAI.APIError, () => collect(scripted(script, { stream: true })));
      assert.equal(error.code, "upstream_stream_interrupted");
    }
  },
  async "client timeout"() {
    const slow = new OpenAI({ maxRetries: 0, timeout: 300 });
    const call = () => slow.chat.completions.create({ model: "upstream/gpt-sim?latency_ms=3000", messages: ASK });
    await raises(OpenAI.APIConnectionTimeoutError, call);
  },
  async "aborted stream stops the provider"() {
    const model = "gpt-sim?tokens=200&chunk_ms=20";
    const stream = await ask({ model: `upstream/${model}`, stream: true });
    let seen = 0;
    for await (const _ of stream) if (++seen === 5) stream.controller.abort();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.ok((await upstreamCalls(model)).at(-1).chunks_sent < 100);
  },
  async "many at once"() {
    const answers = await Promise.all(Array.from({ length: 16 }, () => ask()));
    assert.ok(answers.every((answer) => words(answer.choices[0].message.content) === 12));
  },
};

await run(`node openai ${version} chat`, cases);
