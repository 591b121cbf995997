// Cases of Anthropic's Node SDK on a target that speaks OpenAI's dialect.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Anthropic from "@anthropic-ai/sdk";
import { raises, run, words } from "./runner.mjs";

const { version } = JSON.parse(readFileSync(new URL("node_modules/@anthropic-ai/sdk/package.json", import.meta.url)));
const settings = { maxRetries: 0, baseURL: process.env.SWITCHYARD, apiKey: process.env.OPENAI_API_KEY };
const client = new Anthropic(settings);
const ASK = [{ role: "user", content: "say something about the time" }];
const WEATHER = {
  name: "get_weather",
  description: "The weather of a city",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

const ask = (more = {}) => client.messages.create({ model: "upstream/gpt-sim", max_tokens: 100, messages: ASK, ...more });
const scripted = (script, more = {}) => ask({ model: `upstream/gpt-sim?${script}`, ...more });

await run(`node anthropic ${version}`, {
  async text() {
    const answer = await ask();
    assert.equal(answer.stop_reason, "end_turn");
    assert.equal(words(answer.content[0].text), 12);
    assert.equal(answer.usage.output_tokens, 12);
  },
  async system() {
    assert.ok((await ask({ system: "be brief" })).content[0].text);
  },
  async limit() {
    assert.equal((await ask({ max_tokens: 3 })).stop_reason, "max_tokens");
  },
  async stream() {
    const stream = client.messages.stream({ model: "upstream/gpt-sim", max_tokens: 100, messages: ASK });
    let text = "";
    stream.on("text", (piece) => (text += piece));
    const final = await stream.finalMessage();
    assert.equal(final.content[0].text, text);
    assert.equal(words(text), 12);
    assert.equal(final.usage.output_tokens, 12);
  },
  async tools() {
    const use = (await ask({ tools: [WEATHER] })).content.find((block) => block.type === "tool_use");
    assert.equal(use.name, "get_weather");
    assert.equal(typeof use.input, "object");
  },
  async "parallel tools"() {
    const answer = await scripted("calls=2", { tools: [WEATHER] });
    assert.equal(new Set(answer.content.filter((block) => block.type === "tool_use").map((use) => use.id)).size, 2);
  },
  async "streamed tools"() {
    const stream = client.messages.stream({ model: "upstream/gpt-sim", max_tokens: 100, messages: ASK, tools: [WEATHER] });
    const final = await stream.finalMessage();
    assert.equal(final.stop_reason, "tool_use");
    assert.ok(final.content.some((block) => block.type === "tool_use" && block.name === "get_weather"));
  },
  async "tool loop"() {
    const first = await ask({ tools: [WEATHER] });
    const use = first.content.find((block) => block.type === "tool_use");
    const result = { type: "tool_result", tool_use_id: use.id, content: "sunny" };
    const messages = [...ASK, { role: "assistant", content: first.content }, { role: "user", content: [result] }];
    assert.ok((await ask({ messages, tools: [WEATHER] })).content[0].text);
  },
  async thinking() {
    const kinds = (await scripted("reasoning=5")).content.map((block) => block.type);
    assert.deepEqual(kinds, ["thinking", "text"]);
  },
  async "count tokens"() {
    const count = await client.messages.countTokens({ model: "upstream/gpt-sim", messages: ASK });
    assert.ok(count.input_tokens > 3);
  },
  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes("upstream/gpt-sim"));
  },
  async "errors are of their types"() {
    await raises(Anthropic.BadRequestError, () => scripted("status=400&error_param=messages&error_code=context_length_exceeded"));
    await raises(Anthropic.NotFoundError, () => scripted("status=404"));
    await raises(Anthropic.UnprocessableEntityError, () => scripted("status=422"));
    await raises(Anthropic.RateLimitError, () => scripted("status=429&retry_after=7"));
    const wrong = new Anthropic({ ...settings, apiKey: "sy-wrong" });
    await raises(Anthropic.AuthenticationError, () => wrong.messages.create({ model: "x", max_tokens: 9, messages: ASK }));
  },
  async failover() {
    assert.ok((await ask({ model: "fast" })).content[0].text);
  },
  async "cut stream raises"() {
    for (const script of ["cut_after=3", "error_event_after=2"]) {
      const stream = client.messages.stream({ model: `upstream/gpt-sim?${script}`, max_tokens: 100, messages: ASK });
      await assert.rejects(() => stream.finalMessage());
    }
  },
});
