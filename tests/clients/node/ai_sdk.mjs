// Cases of Vercel's AI SDK, by its providers for three dialects.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import { run, words } from "./runner.mjs";

const { version } = JSON.parse(readFileSync(new URL("node_modules/ai/package.json", import.meta.url)));
const settings = { baseURL: `${process.env.SWITCHYARD}/v1`, apiKey: process.env.OPENAI_API_KEY };
const openai = createOpenAI(settings);
const models = {
  chat: openai.chat("upstream/gpt-sim"),
  responses: openai.responses("upstream/gpt-sim"),
  anthropic: createAnthropic(settings)("upstream/gpt-sim"),
  "chat on anthropic": openai.chat("anthropic/claude-sim"),
  "chat on gemini": openai.chat("gemini/gemini-sim"),
};
const weather = tool({
  description: "The weather of a city",
  inputSchema: jsonSchema({ type: "object", properties: { city: { type: "string" } }, required: ["city"] }),
  execute: async () => "sunny",
});

const cases = {};
for (const [dialect, model] of Object.entries(models)) {
  cases[`${dialect} text`] = async () => {
    const { text, usage, finishReason } = await generateText({ model, prompt: "say something", maxRetries: 0 });
    assert.equal(words(text), 12);
    assert.equal(usage.outputTokens, 12);
    assert.equal(finishReason, "stop");
  };
  cases[`${dialect} stream`] = async () => {
    const { textStream } = streamText({ model, prompt: "say something", maxRetries: 0 });
    let text = "";
    for await (const piece of textStream) text += piece;
    assert.equal(words(text), 12);
  };
  cases[`${dialect} tool loop`] = async () => {
    const { text, steps } = await generateText({
      model,
      prompt: "how is the weather?",
      tools: { get_weather: weather },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    });
    assert.ok(steps[0].toolCalls.length > 0);
    assert.ok(text);
  };
}

for (const model of ["anthropic/claude-sim?calls=2&reasoning=5", "gemini/gemini-sim?calls=2&reasoning=5"]) {
  cases[`chat streamed loop of signed calls on ${model}`] = async () => {
    const { textStream, steps } = streamText({
      model: openai.chat(model),
      prompt: "how is the weather?",
      tools: { get_weather: weather },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
      onError: ({ error }) => { throw error; },
    });
    let text = "";
    for await (const piece of textStream) text += piece;
    assert.equal((await steps)[0].toolCalls.length, 2);
    assert.ok(text);
  };
}

await run(`node ai ${version}`, cases);
